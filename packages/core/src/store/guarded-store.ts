import { operationsOf, SESSION_OPERATIONS } from "./each-operation.js";
import type { SessionRow, SessionStore } from "./session-store.js";
import { guardOf, type StoreFailure } from "./store-guard.js";

/** The store as the engine sees it. @see guardOf */
export function guardedStore(store: SessionStore, onFailure: (failure: StoreFailure) => void): SessionStore {
  const guard = guardOf(store.name, onFailure);
  const { joined } = store;
  return {
    name: store.name,
    ...(joined !== undefined && { joined: () => joined.call(store) }),
    ...operationsOf(store, SESSION_OPERATIONS, (name, run, [row]) =>
      guard(
        name,
        run,
        // The login was answered 503: nobody will ever hold this session's tokens.
        name === "insertSession"
          ? () => store.deleteSessions([(row as SessionRow).handle], (row as SessionRow).createdAtMs)
          : undefined,
      ),
    ),
    clock: store.clock,
    close: () => store.close(),
  };
}
