import { WebResponse } from "@acme/session-core/adapter";
import type { HonoContext } from "./hono-types.js";

/** Collects what must be told to the client until Hono has the response. */
export class HonoResponse extends WebResponse {
  /** Whether `middleware()` stands outside: then it has the last word, else the guard has. */
  hasMiddleware = false;

  /**
   * Puts our headers on the context's response. After `await next()` only: what is staged before is lost when the
   * handler returns a raw `Response`.
   */
  applyToContext(c: HonoContext, by: "middleware" | "guard"): void {
    this.applyTo({
      getHeader: (name) => c.res.headers.get(name) ?? undefined,
      setHeader: (name, value) => c.header(name, value),
      appendSetCookie: (line) => c.header("set-cookie", line, { append: true }),
    });
    if (by === "middleware" || !this.hasMiddleware) this.commit();
  }
}
