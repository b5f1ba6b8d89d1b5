import { MemoryRoleStore, type RolePage, type UserAuthorization } from "@acme/session-core/store";
import { expect, it } from "vitest";
import { roleConformanceCases, runRoleCase } from "../src/index.js";

/** One mistake each, as people make it, and the case of the suite that must notice. */
const brokenStores: Readonly<Record<string, { case: string; make: () => MemoryRoleStore }>> = {
  "replaces permissions instead of adding them": {
    case: "grant-adds",
    make: () =>
      new (class extends MemoryRoleStore {
        override async grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
          const isNew = await super.grantPermissions(role, []);
          await super.revokePermissions(role, "all");
          await super.grantPermissions(role, permissions);
          return isNew;
        }
      })(),
  },
  "takes an empty list for all permissions": {
    case: "revoke-some",
    make: () =>
      new (class extends MemoryRoleStore {
        override revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
          return super.revokePermissions(role, permissions.length === 0 ? "all" : permissions);
        }
      })(),
  },
  "assigns roles that do not exist": {
    case: "unknown-role",
    make: () =>
      new (class extends MemoryRoleStore {
        override async assignRole(tenantId: string, userId: string, role: string) {
          await super.grantPermissions(role, []);
          return super.assignRole(tenantId, userId, role);
        }
      })(),
  },
  "compares names without case": {
    case: "exact-texts",
    make: () =>
      new (class extends MemoryRoleStore {
        override grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
          return super.grantPermissions(role.toLowerCase(), permissions);
        }
      })(),
  },
  "sorts by UTF-16 units": {
    case: "lists-in-order",
    make: () =>
      new (class extends MemoryRoleStore {
        override async listRoles(page: RolePage): Promise<string[]> {
          return (await super.listRoles(page)).sort();
        }
      })(),
  },
  "repeats the last one of a page": {
    case: "lists-in-order",
    make: () =>
      new (class extends MemoryRoleStore {
        override async listRoles(page: RolePage): Promise<string[]> {
          const found = await super.listRoles({ ...page, limit: page.limit - 1 });
          return page.after === undefined || found.length === 0 ? found : [page.after, ...found];
        }
      })(),
  },
  "forgets the tenant": {
    case: "assign",
    make: () =>
      new (class extends MemoryRoleStore {
        override listRolesOfUser(_tenantId: string, userId: string): Promise<string[]> {
          return super.listRolesOfUser("t1", userId);
        }
      })(),
  },
  "looks before it assigns": {
    case: "assign-race",
    make: () =>
      new (class extends MemoryRoleStore {
        override async assignRole(tenantId: string, userId: string, role: string) {
          const had = (await super.listRolesOfUser(tenantId, userId)).includes(role);
          const result = await super.assignRole(tenantId, userId, role);
          return result === "unknown-role" ? result : had ? ("had-it" as const) : ("assigned" as const);
        }
      })(),
  },
  "keeps assignments of a deleted role": {
    case: "delete-role",
    make: () =>
      new (class extends MemoryRoleStore {
        readonly #kept = new Set<string>();
        override async deleteRole(role: string): Promise<boolean> {
          const did = await super.deleteRole(role);
          if (did) this.#kept.add(role);
          return did;
        }
        override async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
          const found = await super.readAuthorization(tenantId, userId);
          return { ...found, roles: [...found.roles, ...this.#kept] };
        }
      })(),
  },
  "checks that the role exists, then inserts": {
    case: "no-orphan",
    make: () =>
      new (class extends MemoryRoleStore {
        override async assignRole(tenantId: string, userId: string, role: string) {
          const exists = (await super.listPermissions(role)) !== undefined;
          await new Promise((resolve) => setImmediate(resolve));
          // An insert without a foreign key: the role's name comes back with it.
          if (exists) await super.grantPermissions(role, []);
          return super.assignRole(tenantId, userId, role);
        }
      })(),
  },
  "allows cycles": {
    case: "parents",
    make: () =>
      new (class extends MemoryRoleStore {
        override async setParents(role: string, parents: readonly string[]) {
          const result = await super.setParents(role, parents);
          return result === "cycle" ? ("ok" as const) : result;
        }
      })(),
  },
  "lists only direct holders as concerned": {
    case: "affected",
    make: () =>
      new (class extends MemoryRoleStore {
        override async listAffectedUsers(tenantId: string, role: string, page: RolePage): Promise<string[]> {
          return (await super.listUsersWithRole(tenantId, role, page)) ?? [];
        }
      })(),
  },
  "takes a user's roles in every tenant": {
    case: "unassign-all",
    make: () =>
      new (class extends MemoryRoleStore {
        override unassignAll(userId: string): Promise<number> {
          return super.unassignAll(userId, undefined);
        }
      })(),
  },
  "cuts a list off": {
    case: "users-by-page",
    make: () =>
      new (class extends MemoryRoleStore {
        override listUsersWithRole(tenantId: string, role: string, page: RolePage) {
          return super.listUsersWithRole(tenantId, role, { ...page, limit: Math.min(page.limit, 10) });
        }
      })(),
  },
  "counts permissions as its version": {
    case: "version-grows",
    make: () =>
      new (class extends MemoryRoleStore {
        override async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
          const found = await super.readAuthorization(tenantId, userId);
          return { ...found, version: found.permissions.length };
        }
      })(),
  },
  "gives every reader a new version": {
    case: "version-stays",
    make: () =>
      new (class extends MemoryRoleStore {
        #reads = 0;
        override async readAuthorization(tenantId: string, userId: string): Promise<UserAuthorization> {
          this.#reads += 1;
          return { ...(await super.readAuthorization(tenantId, userId)), version: this.#reads };
        }
      })(),
  },
};

async function failures(make: () => MemoryRoleStore): Promise<string[]> {
  const failed: string[] = [];
  for (const roleCase of roleConformanceCases) {
    await runRoleCase(roleCase, () => ({ store: make() })).catch(() => failed.push(roleCase.id));
  }
  return failed;
}

it("the role suite lets a right store pass", async () => {
  expect(await failures(() => new MemoryRoleStore())).toEqual([]);
});

it.each(Object.entries(brokenStores))(
  "the role suite fails a store that %s",
  async (_, { case: expected, make }) => {
    expect(await failures(make)).toContain(expected);
  },
);

it("every case of the role suite has a broken store, and an id of its own", () => {
  const ids = roleConformanceCases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(Object.values(brokenStores).map((broken) => broken.case))).toEqual(new Set(ids));
});
