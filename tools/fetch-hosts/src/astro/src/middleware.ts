import type { MiddlewareHandler } from "astro";
import { current } from "../../current.ts";

export const onRequest: MiddlewareHandler = ({ request }, next) => {
  const { app, session } = current();
  return current().around(async () => {
    try {
      return await next();
    } catch (error) {
      if (session.Error.is(error)) throw error;
      app.sawForeignError(error);
      return new Response("Internal Server Error", { status: 500 });
    }
  })(request);
};
