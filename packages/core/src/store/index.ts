/** Door for stores: the contract, the row types, and the reference implementation. */
export { MemoryRoleStore } from "./memory-role-store.js";
export { MemoryStore } from "./memory-store.js";
export type { RolePage, RoleStore, UserAuthorization } from "./role-store.js";
export type {
  KeyFamily,
  Promotion,
  SecretRow,
  SessionRow,
  SessionStore,
  SigningAlgorithm,
  SigningKeyRow,
} from "./session-store.js";
