import { chain, type Maybe } from "../runtime/maybe.js";
import type { SessionEngine } from "./engine.js";
import type { SessionEvent } from "./session-event.js";

/**
 * Emits an event that names a session by the first 8 hex digits of its handle's SHA-256 (security rule L-01), which is
 * not computed for nobody.
 */
export function emitFor(
  engine: SessionEngine,
  handle: string,
  make: (handleHash: string) => SessionEvent,
): Maybe<void> {
  const hash = engine.isObserved ? engine.platform.sha256Hex(handle) : "";
  return chain(hash, (text) => engine.emit(make(text.slice(0, 8))));
}
