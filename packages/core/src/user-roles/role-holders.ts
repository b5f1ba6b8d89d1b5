import type { RoleStore } from "../store/role-store.js";

/** Everybody here is read, and worked on, a page at a time: a role may have any number of holders. */
const USERS_PER_PAGE = 100;
const ROLES_PER_PAGE = 1000;

/** Pages of the users who have a role, or one that inherits from it. */
export async function* affectedUsers(
  roles: RoleStore,
  role: string,
): AsyncGenerator<{ tenantId: string; userId: string }[]> {
  for (const tenantId of await roles.listTenantsWithRole(role)) {
    let after: string | undefined;
    for (;;) {
      const page = await roles.listAffectedUsers(tenantId, role, { after, limit: USERS_PER_PAGE });
      if (page.length > 0) yield page.map((userId) => ({ tenantId, userId }));
      after = page.at(-1);
      if (page.length < USERS_PER_PAGE) break;
    }
  }
}

/**
 * Takes a role from everybody who has it, so that deleting it concerns nobody any more. Sessions are ended before the
 * role is taken from a page of users, so that a call which fails finds them again when it is repeated, and after it,
 * since some of them have signed in again meanwhile.
 *
 * @param endSessions of a page of users; throws when it has not reached all of them
 */
export async function withdrawRole(
  roles: RoleStore,
  role: string,
  endSessions: (users: readonly { tenantId: string; userId: string }[]) => Promise<void>,
): Promise<void> {
  for (const heir of await directHeirs(roles, role)) {
    for await (const users of affectedUsers(roles, heir)) await endSessions(users);
    const parents = (await roles.listParents(heir)) ?? [];
    await roles.setParents(
      heir,
      parents.filter((parent) => parent !== role),
    );
    for await (const users of affectedUsers(roles, heir)) await endSessions(users);
  }
  for (const tenantId of await roles.listTenantsWithRole(role)) {
    for (;;) {
      const page = (await roles.listUsersWithRole(tenantId, role, { limit: USERS_PER_PAGE })) ?? [];
      if (page.length === 0) break;
      const users = page.map((userId) => ({ tenantId, userId }));
      await endSessions(users);
      for (const { userId } of users) await roles.unassignRole(tenantId, userId, role);
      await endSessions(users);
    }
  }
}

async function directHeirs(roles: RoleStore, role: string): Promise<string[]> {
  const heirs: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await roles.listRoles({ after, limit: ROLES_PER_PAGE });
    for (const name of page) {
      if ((await roles.listParents(name))?.includes(role)) heirs.push(name);
    }
    after = page.at(-1);
    if (page.length < ROLES_PER_PAGE) return heirs;
  }
}
