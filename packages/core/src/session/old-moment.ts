import { storeUnavailable } from "../errors/throwers.js";
import type { SessionEngine } from "./engine.js";

/**
 * Before a session is called gone, or its token unknown: inside a transaction of the application the store may show a
 * moment from before the session was made or rotated, which proves nothing.
 *
 * @throws SessionError `STORE_UNAVAILABLE`
 */
export function assertNoOldMoment(engine: SessionEngine): void {
  if (engine.store.joined?.() === undefined) return;
  throw storeUnavailable(
    "the application's transaction does not show this session, and may be older than it; ask outside of `joinTransaction`",
    1000,
  );
}
