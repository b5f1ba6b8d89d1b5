import type { RolePage, RoleStore, UserAuthorization } from "./role-store.js";
import { MAX_NAME_BYTES, storableId } from "./storable.js";
import type { Attempt } from "./store-operations.js";

/** Where a value of a statement comes from. `listed`: permissions or parents, see {@link RoleDialect.lists}. */
export type RoleParameter =
  | "role"
  | "tenant"
  | "user"
  | "permission"
  | "listed"
  | "version"
  | "after"
  | "limit";

export interface RoleStatement {
  readonly text: string;
  /** In the order of its values; the same one may come again. */
  readonly takes: readonly RoleParameter[];
}

/**
 * Each is one atomic statement, or a step of a transaction that has taken a version first. Those that read give columns
 * named `text`, in the order of code points.
 */
export interface RoleStatements {
  /** Counts up and gives the `version`; its row is held to the end of the transaction: changes happen one by one. */
  readonly nextVersion: readonly RoleStatement[];
  readonly findRole: RoleStatement;
  readonly insertRole: RoleStatement;
  readonly setRoleVersion: RoleStatement;
  /** The three tell how many there were to insert or delete. */
  readonly insertPermissions: RoleStatement;
  readonly deletePermissions: RoleStatement;
  readonly deleteAllPermissions: RoleStatement;
  /** A record without text when the role has none; no record when there is no role. */
  readonly listPermissions: RoleStatement;
  readonly listParents: RoleStatement;
  readonly listUsersWithRole: RoleStatement;
  readonly listRoles: RoleStatement;
  readonly listRolesWithPermission: RoleStatement;
  /** Gives the version to all users who have the role or inherit it. */
  readonly touchHeirs: RoleStatement;
  /** With its permissions, edges and assignments. */
  readonly deleteRole: RoleStatement;
  readonly deleteParents: RoleStatement;
  readonly insertParents: RoleStatement;
  /** The role, and everything that inherits from it. */
  readonly listHeirs: RoleStatement;
  /** The two tell how many. */
  readonly insertAssignment: RoleStatement;
  readonly deleteAssignment: RoleStatement;
  readonly touchUser: RoleStatement;
  /** The tenant of each; in one tenant, or (null) in all. */
  readonly listAssignmentsOfUser: RoleStatement;
  readonly deleteAssignmentsOfUser: RoleStatement;
  readonly listRolesOfUser: RoleStatement;
  readonly listTenantsWithRole: RoleStatement;
  readonly listAffectedUsers: RoleStatement;
  /** `kind` 1: assigned, 2: effective, 3: permission, 4: user; versions of kinds 2 and 4. */
  readonly readAuthorization: RoleStatement;
  readonly readVersion: RoleStatement;
}

export interface RoleResult {
  readonly records: readonly Readonly<Record<string, unknown>>[];
  /** How many rows a change has found. */
  readonly count: number;
}

export type RoleQuery<Value> = (
  text: string,
  values: readonly (Value | number | null)[],
) => Promise<RoleResult>;

/** What differs between databases. */
export interface RoleDialect<Value> {
  readonly statements: RoleStatements;
  /** A text as a value. */
  text(text: string): Value;
  /** A list of texts as the value `listed`: of one statement for all, or of one for each. */
  lists(texts: readonly string[]): readonly Value[];
  /** What stands in a column named `text`. */
  textOf(column: unknown): string;
  read: RoleQuery<Value>;
  /** One operation, inside one transaction; what the step throws undoes it. */
  write<T>(step: (query: RoleQuery<Value>, attempt: Attempt) => Promise<T>): Promise<T>;
}

/** Texts and numbers that a statement may take. */
type Given = { readonly [Parameter in RoleParameter]?: string | number | undefined };

/** The role contract on the tables of an SQL database that is a server. */
export class SqlRoleStore<Value> implements RoleStore {
  readonly #sql: RoleStatements;

  constructor(private readonly dialect: RoleDialect<Value>) {
    this.#sql = dialect.statements;
  }

  grantPermissions(role: string, permissions: readonly string[]): Promise<boolean> {
    return this.#change({ role, listed: permissions }, async (run, version) => {
      const isNew = !(await run.finds(this.#sql.findRole, { role }));
      if (isNew) await run.once(this.#sql.insertRole, { role });
      if ((await run.each(this.#sql.insertPermissions, permissions, { role })) > 0) {
        await run.once(this.#sql.setRoleVersion, { role, version });
      }
      return isNew;
    });
  }

  revokePermissions(role: string, permissions: readonly string[] | "all"): Promise<boolean> {
    const listed = permissions === "all" ? [] : permissions;
    return this.#change({ role, listed }, async (run, version) => {
      if (!(await run.finds(this.#sql.findRole, { role }))) return false;
      const removed =
        permissions === "all"
          ? (await run.once(this.#sql.deleteAllPermissions, { role })).count
          : await run.each(this.#sql.deletePermissions, permissions, { role });
      if (removed > 0) await run.once(this.#sql.setRoleVersion, { role, version });
      return true;
    });
  }

  listPermissions(role: string): Promise<string[] | undefined> {
    return this.#listOfRole(this.#sql.listPermissions, { role });
  }

  listRoles({ after, limit }: RolePage): Promise<string[]> {
    return this.#list(this.#sql.listRoles, { after, limit });
  }

  listRolesWithPermission(permission: string): Promise<string[]> {
    return this.#list(this.#sql.listRolesWithPermission, { permission });
  }

  deleteRole(role: string): Promise<boolean> {
    return this.#change(
      { role },
      async (run, version) => {
        if (!(await run.finds(this.#sql.findRole, { role }))) return false;
        await run.once(this.#sql.touchHeirs, { role, version });
        await run.once(this.#sql.deleteRole, { role });
        return true;
      },
      [false, true],
    );
  }

  setParents(role: string, parents: readonly string[]): Promise<"ok" | "unknown-role" | "cycle"> {
    const listed = [...new Set(parents)];
    return this.#change({ role, listed }, async (run, version) => {
      for (const one of [role, ...listed]) {
        if (!(await run.finds(this.#sql.findRole, { role: one }))) return "unknown-role";
      }
      const heirs = this.#texts(await run.once(this.#sql.listHeirs, { role }));
      if (heirs.some((heir) => listed.includes(heir))) return "cycle";
      await run.once(this.#sql.deleteParents, { role });
      await run.each(this.#sql.insertParents, listed, { role });
      await run.once(this.#sql.setRoleVersion, { role, version });
      return "ok";
    });
  }

  listParents(role: string): Promise<string[] | undefined> {
    return this.#listOfRole(this.#sql.listParents, { role });
  }

  assignRole(tenant: string, user: string, role: string): Promise<"assigned" | "had-it" | "unknown-role"> {
    return this.#change(
      { tenant, user, role },
      async (run, version) => {
        if (!(await run.finds(this.#sql.findRole, { role }))) return "unknown-role";
        if ((await run.once(this.#sql.insertAssignment, { tenant, user, role })).count === 0) return "had-it";
        await run.once(this.#sql.touchUser, { tenant, user, version });
        return "assigned";
      },
      ["had-it", "assigned"],
    );
  }

  unassignRole(
    tenant: string,
    user: string,
    role: string,
  ): Promise<"unassigned" | "lacked-it" | "unknown-role"> {
    return this.#change(
      { tenant, user, role },
      async (run, version) => {
        if (!(await run.finds(this.#sql.findRole, { role }))) return "unknown-role";
        if ((await run.once(this.#sql.deleteAssignment, { tenant, user, role })).count === 0)
          return "lacked-it";
        await run.once(this.#sql.touchUser, { tenant, user, version });
        return "unassigned";
      },
      ["lacked-it", "unassigned"],
    );
  }

  unassignAll(user: string, tenant: string | undefined): Promise<number> {
    return this.#change(
      { user, tenant },
      async (run, version) => {
        const tenants = this.#texts(await run.once(this.#sql.listAssignmentsOfUser, { user, tenant }));
        await run.once(this.#sql.deleteAssignmentsOfUser, { user, tenant });
        for (const touched of new Set(tenants)) {
          await run.once(this.#sql.touchUser, { tenant: touched, user, version });
        }
        return tenants.length;
      },
      [0, 1],
    );
  }

  listRolesOfUser(tenant: string, user: string): Promise<string[]> {
    return this.#list(this.#sql.listRolesOfUser, { tenant, user });
  }

  listUsersWithRole(tenant: string, role: string, { after, limit }: RolePage): Promise<string[] | undefined> {
    return this.#listOfRole(this.#sql.listUsersWithRole, { tenant, role, after, limit });
  }

  listTenantsWithRole(role: string): Promise<string[]> {
    return this.#list(this.#sql.listTenantsWithRole, { role });
  }

  listAffectedUsers(tenant: string, role: string, { after, limit }: RolePage): Promise<string[]> {
    return this.#list(this.#sql.listAffectedUsers, { tenant, role, after, limit });
  }

  async readAuthorization(tenant: string, user: string): Promise<UserAuthorization> {
    const { records } = await this.#read(this.#sql.readAuthorization, { tenant, user });
    const of = (kind: number): string[] =>
      records.filter((record) => Number(record.kind) === kind).map(({ text }) => this.dialect.textOf(text));
    return {
      roles: of(1),
      effectiveRoles: of(2),
      permissions: of(3),
      version: Math.max(0, ...records.map(({ version }) => Number(version))),
    };
  }

  async readAuthorizationVersion(tenant: string, user: string): Promise<number> {
    const { records } = await this.#read(this.#sql.readVersion, { tenant, user });
    return Number(records[0]?.version);
  }

  async #list(statement: RoleStatement, given: Given): Promise<string[]> {
    return this.#texts(await this.#read(statement, given));
  }

  async #listOfRole(statement: RoleStatement, given: Given): Promise<string[] | undefined> {
    const result = await this.#read(statement, given);
    return result.records.length === 0 ? undefined : this.#texts(result);
  }

  async #read(statement: RoleStatement, given: Given): Promise<RoleResult> {
    assertStorable(given);
    return this.dialect.read(statement.text, this.#values(statement, given));
  }

  /**
   * One change, with the version it makes. Its texts are looked at before anything is asked of the database.
   *
   * @param repeated what finding nothing to do means after an attempt whose reply was lost: that one did it
   */
  async #change<T>(
    { listed = [], ...given }: Omit<Given, "listed"> & { readonly listed?: readonly string[] },
    step: (run: Steps, version: number) => Promise<T>,
    repeated?: readonly [nothing: T, meaning: T],
  ): Promise<T> {
    assertStorable(given);
    for (const text of listed) assertStorable({ listed: text });
    return this.dialect.write(async (query, { outcomeUnknown }) => {
      const once = (statement: RoleStatement, values: Given): Promise<RoleResult> =>
        query(statement.text, this.#values(statement, values));
      let version = 0;
      for (const statement of this.#sql.nextVersion) {
        version = Number((await once(statement, {})).records[0]?.version);
      }
      if (!Number.isSafeInteger(version))
        throw new Error("the database gave no version for a change of roles");
      const result = await step(
        {
          once,
          finds: async (statement, values) => (await once(statement, values)).records.length > 0,
          each: async (statement, texts, values) => {
            let count = 0;
            for (const list of this.dialect.lists(texts)) {
              count += (await query(statement.text, this.#values(statement, values, list))).count;
            }
            return count;
          },
        },
        version,
      );
      return outcomeUnknown && repeated !== undefined && result === repeated[0] ? repeated[1] : result;
    });
  }

  #values({ takes }: RoleStatement, given: Given, listed: Value | null = null): (Value | number | null)[] {
    return takes.map((parameter) => {
      const value = given[parameter];
      if (parameter === "listed") return listed;
      return typeof value === "string" ? this.dialect.text(value) : (value ?? null);
    });
  }

  #texts({ records }: RoleResult): string[] {
    return records.filter(({ text }) => text !== null).map(({ text }) => this.dialect.textOf(text));
  }
}

/** Statements of one transaction. */
interface Steps {
  once(statement: RoleStatement, given: Given): Promise<RoleResult>;
  finds(statement: RoleStatement, given: Given): Promise<boolean>;
  /** @returns how many rows were found for all texts together */
  each(statement: RoleStatement, texts: readonly string[], given: Given): Promise<number>;
}

/** @throws TypeError */
function assertStorable(given: Given): void {
  for (const text of Object.values(given)) {
    if (typeof text === "string") storableId("role, permission, tenant or user id", text, MAX_NAME_BYTES);
  }
}
