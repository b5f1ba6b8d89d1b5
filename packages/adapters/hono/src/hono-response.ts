import { WebResponse } from "@acme/session-core/adapter";
import type { HonoContext } from "./hono-types.js";

/** Collects what must be told to the client until Hono has the response. */
export class HonoResponse extends WebResponse {
  /** Whether `middleware()` stands outside: then it has the last word, else the guard has. */
  hasMiddleware = false;
  /** What a guard of ours has put on the context: that may be replaced, anybody else's may not. */
  guarded: unknown;

  /**
   * Puts our headers on the context's response. After `await next()` only: what is staged before is lost when the
   * handler returns a raw `Response`.
   */
  applyToContext(c: HonoContext, by: "middleware" | "guard"): void {
    if (by === "guard" && this.hasMiddleware) return;
    const response = this.onto(c.res);
    if (response === c.res) return;
    // Or Hono puts the headers of the old response on the new one, and cookies are there twice.
    c.res = undefined;
    c.res = response;
  }
}
