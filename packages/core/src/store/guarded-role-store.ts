import { operationsOf, ROLE_OPERATIONS } from "./each-operation.js";
import type { RoleStore } from "./role-store.js";
import { guardOf, type StoreFailure } from "./store-guard.js";

/**
 * The role store as the engine sees it: what it throws is never "no roles". @see guardOf
 *
 * @param name of the store, for messages
 */
export function guardedRoleStore(
  store: RoleStore,
  name: string,
  onFailure: (failure: StoreFailure) => void,
): RoleStore {
  const guard = guardOf(name, onFailure);
  return operationsOf(store, ROLE_OPERATIONS, (operation, run) => guard(operation, run));
}
