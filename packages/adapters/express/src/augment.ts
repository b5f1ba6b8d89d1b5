/**
 * Opt-in: `import "@acme/session-express/augment"` gives `session` to every Express request. Leave it out where
 * `@types/express-session` is installed, which has given it another type: use `SessionRequest`, `Session.handler` or
 * `Session.of(req)` there.
 */
import type { SessionContainer } from "@acme/session-core";

declare global {
  namespace Express {
    interface Request {
      /** The session that `Session.verifySession()` established; undefined where it has not run, or is optional. */
      session?: SessionContainer | undefined;
    }
  }
}
