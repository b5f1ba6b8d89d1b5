import { routes } from "./routes.ts";
import { Session } from "./session.ts";

// serves refresh, sign-out, JWKS and discovery under /auth, answers our errors, puts our headers on every response
export const handle = Session.fetch(async (request) => {
  const { pathname } = new URL(request.url);
  const route = routes[`${request.method} ${pathname}`];
  return route?.(request) ?? new Response("not found", { status: 404 });
});
