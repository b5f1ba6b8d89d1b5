import type { RoleStore } from "./role-store.js";
import type { SessionStore } from "./session-store.js";

type NoOperation = "name" | "clock" | "place" | "roles" | "joined" | "inNamespace" | "close";
/** Names of a store's operations, all of them or the compiler says which is missing, and whether a store must have it. */
export type OperationsOf<Store> = Readonly<Record<Exclude<keyof Store, NoOperation> & string, boolean>>;
export type OperationsIn<Store> = Omit<Store, NoOperation>;

export const SESSION_OPERATIONS: OperationsOf<Required<SessionStore>> = {
  insertSession: true,
  getSession: true,
  promoteSession: true,
  updateAccessTokenPayload: true,
  replaceSessionData: true,
  deleteSessions: true,
  listSessionHandles: true,
  deleteSessionsOfUser: true,
  deleteExpiredSessions: true,
  claimCleanUp: false,
  listSigningKeys: true,
  insertSigningKey: true,
  deleteSigningKeys: true,
  listSecrets: true,
  withdrawSecret: false,
  scanSessions: false,
};

export const ROLE_OPERATIONS: OperationsOf<RoleStore> = {
  grantPermissions: true,
  revokePermissions: true,
  listPermissions: true,
  listRoles: true,
  listRolesWithPermission: true,
  deleteRole: true,
  setParents: true,
  listParents: true,
  assignRole: true,
  unassignRole: true,
  unassignAll: true,
  listRolesOfUser: true,
  listUsersWithRole: true,
  listTenantsWithRole: true,
  listAffectedUsers: true,
  readAuthorization: true,
  readAuthorizationVersion: true,
};

/** The operations that a store has, each of which is run by `call`. */
export function operationsOf<Store extends object>(
  store: Store,
  operations: OperationsOf<Store>,
  call: (name: string, run: () => Promise<unknown>, given: unknown[]) => Promise<unknown>,
): OperationsIn<Store> {
  const present = store as Record<string, ((...given: unknown[]) => Promise<unknown>) | undefined>;
  return eachOperation(
    Object.keys(operations).filter((name) => present[name] !== undefined),
    (name, given) => call(name, async () => present[name]?.(...given), given),
  );
}

export function eachOperation<Store extends object>(
  names: readonly string[],
  call: (name: string, given: unknown[]) => Promise<unknown>,
): OperationsIn<Store> {
  const members = names.map((name) => [name, (...given: unknown[]) => call(name, given)]);
  return Object.fromEntries(members) as OperationsIn<Store>;
}
