import type { SessionEngine } from "./engine.js";
import type { SessionEvent } from "./session-event.js";

/**
 * Emits an event that names a session by the first 8 hex digits of its handle's SHA-256 (security rule L-01), which is
 * not computed for nobody.
 */
export async function emitFor(
  engine: SessionEngine,
  handle: string,
  make: (handleHash: string) => SessionEvent,
): Promise<void> {
  const handleHash = engine.isObserved ? (await engine.platform.sha256Hex(handle)).slice(0, 8) : "";
  engine.emit(make(handleHash));
}
