import { invalidOption } from "../errors/throwers.js";
import type { SafeLogger } from "../runtime/logger.js";
import type { SessionStore } from "./session-store.js";

/** Where there is no file system to put a database on, the application has to name its store. */
export function openDefaultStore(_logger: SafeLogger, _namespace?: string): SessionStore {
  throw invalidOption(
    "store",
    "this runtime has no embedded database; give a store, e.g. `store: new MemoryStore()`",
  );
}
