/** Door for stores: the contract, the row types, and the reference implementation. */
export {
  atLeast,
  between,
  checkOptions,
  having,
  holds,
  isAnything,
  isBoolean,
  isFunction,
  isNonEmptyText,
  isText,
  moreThan,
  noSuchOption,
  type OptionCheck,
  type OptionChecks,
  oneOf,
  shaped,
  wholeBetween,
} from "../errors/option-check.js";
export { SessionError } from "../errors/session-error.js";
export { invalidArgument, invalidOption } from "../errors/throwers.js";
export { systemClock } from "../runtime/clock.js";
export { neverUnhandled } from "../runtime/maybe.js";
export { systemRandom } from "../runtime/random.js";
export { sinceCleanUpMs } from "./clean-up-mark.js";
export { type CopyOptions, type CopyResult, copySessions } from "./copy-sessions.js";
export {
  type ContextStorage,
  Joined,
  type JoinedContext,
  JoinedTransactions,
} from "./joined-transaction.js";
export { MemoryRoleStore } from "./memory-role-store.js";
export { MemoryStore } from "./memory-store.js";
export { checkNamespace, isNamespace, placeOf } from "./namespace.js";
export type { RolePage, RoleStore, UserAuthorization } from "./role-store.js";
export {
  assertClocksAgree,
  checkServerOptions,
  isOutcomeOf,
  MAX_CLOCK_DIFFERENCE_MS,
  OVERTAKEN,
  type ServerStoreOptions,
  serverUrl,
  untilNotOvertaken,
} from "./server-store.js";
export type {
  JoinedTransaction,
  KeyFamily,
  Promotion,
  SecretRow,
  SessionPage,
  SessionRow,
  SessionStore,
  SigningAlgorithm,
  SigningKeyRow,
} from "./session-store.js";
export {
  type RoleDialect,
  type RoleParameter,
  type RoleQuery,
  type RoleResult,
  type RoleStatement,
  type RoleStatements,
  SqlRoleStore,
} from "./sql-role-store.js";
export {
  MAX_HANDLE_BYTES,
  MAX_NAME_BYTES,
  MAX_USER_ID_BYTES,
  storableId,
  storableSession,
  storableText,
  tooLargeToStore,
} from "./storable.js";
export { StoreError } from "./store-error.js";
export {
  type Attempt,
  OPERATION_BUDGET_MS,
  type Retry,
  StoreOperations,
  StoreTimeout,
  within,
} from "./store-operations.js";
export { checkSqlName, checkTablePrefix, prefixIn, type TableNames, tableNames } from "./table-names.js";
