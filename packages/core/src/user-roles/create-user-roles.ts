import { type AuthorizationQuestion, PERMISSION_KEY, ROLE_KEY } from "../claims/authorization.js";
import type { Evaluation, FetchingClaimValidator, SessionClaimValidator } from "../claims/claim-validator.js";
import { isPattern } from "../claims/grants.js";
import { PrimitiveClaim } from "../claims/primitive-claim.js";
import type { ClaimFetchContext, SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { checkOptions, isAnything } from "../errors/option-check.js";
import { SessionError } from "../errors/session-error.js";
import { invalidArgument, invalidOption } from "../errors/throwers.js";
import { isProduction } from "../runtime/environment.js";
import { forgive } from "../runtime/maybe.js";
import { overridden } from "../session/overridden.js";
import type { PluginHost, SessionPlugin } from "../session/session-plugin.js";
import { guardedRoleStore } from "../store/guarded-role-store.js";
import { storeIn } from "../store/namespace.js";
import type { RoleStore } from "../store/role-store.js";
import type { SessionStore } from "../store/session-store.js";
import { AuthorizationReader } from "./authorization-reader.js";
import { PermissionClaim, UserRoleClaim } from "./role-claims.js";
import { makeRoleFunctions, nameOf, type PageInput, type UnknownRole } from "./role-functions.js";
import { affectedUsers } from "./role-holders.js";
import { type Propagated, type PropagateOptions, RolePropagator } from "./role-propagator.js";
import { checkPropagateOptions, checkUserRolesOptions, type UserRolesOptions } from "./user-roles-options.js";

/** Key under which a token says how new its roles are; with propagation `"epoch"` only. */
const VERSION_KEY = "rolesVersion";

/** Of a page; its values are checked with the rest of what is asked for. */
const PAGE = { cursor: isAnything, limit: isAnything };

/**
 * Roles, permissions, who has them in which tenant, and the two claims that carry them (claims.md 4). Hand it to
 * `createSession({ plugins: [roles] })`.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function createUserRoles<P extends string = string>(options: UserRolesOptions<P> = {}): UserRoles<P> {
  return makeUserRoles(options);
}

/** Roles, as {@link createUserRoles} makes them. A name of its own, so that declarations of an application can say it. */
export interface UserRoles<P extends string = string> extends ReturnType<typeof makeUserRoles<P>> {}

function makeUserRoles<P extends string>(given: UserRolesOptions<P>) {
  const options = checkUserRolesOptions(given);
  const propagation = options.propagation ?? "push";
  const isStrict = propagation === "strict";
  const isEpoch = propagation === "epoch";
  let store: RoleStore | undefined = options.store && roleStoreOf(options.store);
  const hosts: PluginHost[] = [];
  const guard = (own: RoleStore): RoleStore =>
    guardedRoleStore(own, "role", (failure) => {
      for (const host of hosts) host.storeFailed(failure);
    });
  let guarded = store && guard(store);
  let logger: PluginHost["logger"] | undefined;
  let isAttached = false;

  /** Roles live in the instance's namespace, unless the application gave a role store of its own making. */
  const storeFor = (host: PluginHost): RoleStore => {
    const given = options.store ?? host.store;
    if ("readAuthorization" in given || given === host.store) return roleStoreOf(given);
    return roleStoreOf(storeIn(given, host.namespace));
  };

  const roles = (): RoleStore => {
    if (guarded !== undefined) return guarded;
    throw invalidArgument(
      "roles have no store yet: hand them to `createSession({ plugins: [roles] })`, or give `store`",
    );
  };
  const reader = new AuthorizationReader(roles, options.roleClaim ?? "direct", options.permissions);
  const read = ({ tenantId, userId, userContext }: ClaimFetchContext) =>
    reader.read(tenantId, userId, userContext);

  const versionClaim = new PrimitiveClaim<number>({
    key: VERSION_KEY,
    fetchValue: async (context) => (await read(context)).version,
    onSessionRefresh: true,
  });
  const common = {
    defaultMaxAgeInSeconds: isStrict ? 0 : undefined,
    onSessionRefresh: propagation !== "none" && propagation !== "lazy",
    // Roles must never be older than the version beside them, or a change would go unnoticed.
    dependsOn: isEpoch ? [versionClaim] : [],
  };
  const roleClaim = new UserRoleClaim<string>({
    ...common,
    key: ROLE_KEY,
    autoAdd: !options.skipAddingRolesToAccessToken,
    fetchValue: async (context) => (await read(context)).roles,
  });
  const permissionClaim = new PermissionClaim<P>({
    ...common,
    key: PERMISSION_KEY,
    mode: options.permissionMode ?? "token",
    autoAdd: !options.skipAddingPermissionsToAccessToken,
    fetchValue: async (context) => {
      const { permissions } = await read(context);
      if (options.permissions === undefined && permissions.some(isPattern)) warnOfPatterns();
      return permissions as P[];
    },
  });
  const claims: SessionClaim<unknown>[] = [...(isEpoch ? [versionClaim] : []), roleClaim, permissionClaim];
  const inTokens = permissionClaim.policy.mode === "token" ? [roleClaim, permissionClaim] : [roleClaim];
  const propagator = new RolePropagator(
    roles,
    reader,
    [
      ...(isEpoch ? [{ claim: versionClaim, valueIn: ({ version }: { version: number }) => version }] : []),
      ...inTokens.map((claim) => ({
        claim,
        valueIn: claim.policy.autoAdd
          ? (authorization: { roles: string[]; permissions: string[] }) =>
              claim.key === ROLE_KEY ? authorization.roles : authorization.permissions
          : undefined,
      })),
    ],
    propagation === "push" || isEpoch,
    options.maxPushedSessions ?? 10_000,
  );

  const original = makeRoleFunctions(roles);
  const functions = overridden("createUserRoles.override.functions", original, options.override?.functions);
  const contextOf = (given: UserContext | undefined): UserContext => given ?? {};
  let hasWarned = false;
  function warnOfPatterns(): void {
    if (hasWarned) return;
    hasWarned = true;
    logger?.warn(
      "A role was granted a pattern, and there is no catalogue to expand it: browsers compare permissions as texts. List them with `createUserRoles({ permissions: definePermissions([…]) })`.",
    );
  }

  /** Runs a change of a role; if it is one, the sessions of everybody concerned follow. */
  async function changeRole<R extends { status: string }>(
    role: string,
    change: () => Promise<R>,
    isChange: (result: R) => boolean,
    propagate: PropagateOptions,
    userContext: UserContext,
  ): Promise<R & Partial<Propagated>> {
    propagate = checkPropagateOptions(propagate);
    const name = nameOf("role", role);
    propagator.assertCanEndSessions(propagate);
    const result = await change();
    return isChange(result)
      ? { ...result, ...(await propagator.ofRole(name, propagate, userContext)) }
      : result;
  }

  async function deleteRoleAndEndSessions(
    role: string,
    userContext: UserContext,
    propagate: PropagateOptions,
  ): Promise<{ status: "OK"; didRoleExist: boolean } & Partial<Propagated>> {
    propagator.assertCanEndSessions(propagate);
    const ending = propagator.ending(userContext);
    const concerned = affectedUsers(roles(), nameOf("role", role));
    const isAnybodyConcerned = (await concerned.next()).done !== true;
    await concerned.return(undefined);
    let hasAsked = false;
    const endSessions = async (users: readonly { tenantId: string; userId: string }[]): Promise<void> => {
      hasAsked = true;
      await ending.ofUsers(users);
      propagator.tell(propagate, ending.endedSessions);
    };
    const result = await functions.deleteRole({ role, userContext, endSessions }).catch((error: unknown) => {
      throw SessionError.is(error) && error.type === "STORE_UNAVAILABLE" ? ending.failure(error) : error;
    });
    if (!result.didRoleExist) return result;
    if (isAnybodyConcerned && !hasAsked) {
      throw invalidArgument(
        "an override of `deleteRole` did not hand on `endSessions`: the role is deleted, and no session was ended",
      );
    }
    return { ...result, propagated: true, updatedSessions: ending.endedSessions };
  }

  const plugin = {
    name: "user-roles",
    claims: claims as readonly SessionClaim<unknown>[],
    globalClaimValidators: isStrict
      ? inTokens.map(alwaysFetched)
      : isEpoch
        ? versionValidators([versionClaim, ...inTokens], versionClaim, roles)
        : [],

    /** Takes the store of the instance, unless `store` was given. */
    attach(host: PluginHost): void {
      const found = storeFor(host);
      if (isAttached && found !== store) {
        throw invalidOption(
          "plugins",
          "one `createUserRoles()` serves instances on different stores or in different namespaces; make one for each",
        );
      }
      isAttached = true;
      if (found !== store) {
        store = found;
        guarded = found && guard(found);
      }
      logger ??= host.logger;
      hosts.push(host);
      propagator.attach(host);
    },

    /** Part of `Session.ready()`: the tables of the roles are there. */
    async ready(): Promise<void> {
      await roles().listRoles({ limit: 1 });
    },

    /** Validators over the user's roles: `UserRoleClaim.validators.includes("admin")`. */
    UserRoleClaim: roleClaim,
    /** Validators over the user's permissions: `PermissionClaim.validators.includes("edit")`. */
    PermissionClaim: permissionClaim,

    /** `session.has()`, with the permissions of the catalogue as its type. */
    has: (
      session: { has(question: AuthorizationQuestion): boolean },
      question: AuthorizationQuestion<P>,
    ): boolean => session.has(question),

    /** Makes a role, or adds permissions to one; never takes any away. */
    createNewRoleOrAddPermissions(
      role: string,
      permissions: readonly (P | PatternOf<P>)[] = [],
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<{ status: "OK"; createdNewRole: boolean } & Partial<Propagated>> {
      const context = contextOf(userContext);
      return changeRole(
        role,
        () => functions.createNewRoleOrAddPermissions({ role, permissions, userContext: context }),
        () => true,
        propagate,
        context,
      );
    },

    getAllRoles: (userContext?: UserContext) =>
      functions.getAllRoles({ userContext: contextOf(userContext) }),

    /**
     * Deletes a role, its permissions, and its assignments in all tenants. With `revokeSessions` the role is taken from
     * its holders a page at a time and deleted last, so that a call which fails half-way can be repeated.
     */
    async deleteRole(
      role: string,
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<{ status: "OK"; didRoleExist: boolean } & Partial<Propagated>> {
      const context = contextOf(userContext);
      propagate = checkPropagateOptions(propagate);
      if (propagate.revokeSessions === true) return deleteRoleAndEndSessions(role, context, propagate);
      const users = await propagator.usersWith(nameOf("role", role), propagate);
      const result = await functions.deleteRole({ role, userContext: context });
      if (!result.didRoleExist) return result;
      return { ...result, ...(await propagator.ofUsers(users, propagate, context)) };
    },

    /** As they were granted: patterns are not expanded. */
    getPermissionsForRole: (role: string, userContext?: UserContext) =>
      functions.getPermissionsForRole({ role, userContext: contextOf(userContext) }),

    /** `[]` removes nothing; a missing list is refused. */
    removePermissionsFromRole(
      role: string,
      permissions: readonly (P | PatternOf<P>)[],
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<({ status: "OK" } | UnknownRole) & Partial<Propagated>> {
      const context = contextOf(userContext);
      if ((permissions as unknown) === "all") throw invalidArgument("`permissions` is a list");
      return changeRole(
        role,
        () => functions.removePermissionsFromRole({ role, permissions, userContext: context }),
        ({ status }) => status === "OK",
        propagate,
        context,
      );
    },

    removeAllPermissionsFromRole(
      role: string,
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<({ status: "OK" } | UnknownRole) & Partial<Propagated>> {
      const context = contextOf(userContext);
      return changeRole(
        role,
        () => functions.removePermissionsFromRole({ role, permissions: "all", userContext: context }),
        ({ status }) => status === "OK",
        propagate,
        context,
      );
    },

    /** Roles that were granted exactly this permission. */
    getRolesThatHavePermission: (permission: P | PatternOf<P>, userContext?: UserContext) =>
      functions.getRolesThatHavePermission({ permission, userContext: contextOf(userContext) }),

    /** Tenant first, then user, then role. The user need not be known here. */
    async addRoleToUser(
      tenantId: string,
      userId: string,
      role: string,
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<({ status: "OK"; didUserAlreadyHaveRole: boolean } & Partial<Propagated>) | UnknownRole> {
      const context = contextOf(userContext);
      propagate = checkPropagateOptions(propagate);
      propagator.assertCanEndSessions(propagate);
      const result = await functions.addRoleToUser({ tenantId, userId, role, userContext: context });
      if (result.status !== "OK") return result;
      if (result.didUserAlreadyHaveRole && propagate.revokeSessions !== true) return result;
      return { ...result, ...(await propagator.ofUser(tenantId, userId, propagate, context)) };
    },

    /** Tenant first, then user, then role. */
    async removeUserRole(
      tenantId: string,
      userId: string,
      role: string,
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<({ status: "OK"; didUserHaveRole: boolean } & Partial<Propagated>) | UnknownRole> {
      const context = contextOf(userContext);
      propagate = checkPropagateOptions(propagate);
      propagator.assertCanEndSessions(propagate);
      const result = await functions.removeUserRole({ tenantId, userId, role, userContext: context });
      if (result.status !== "OK") return result;
      if (!result.didUserHaveRole && propagate.revokeSessions !== true) return result;
      return { ...result, ...(await propagator.ofUser(tenantId, userId, propagate, context)) };
    },

    /** Roles that were assigned; what they inherit is not listed. */
    getRolesForUser: (tenantId: string, userId: string, userContext?: UserContext) =>
      functions.getRolesForUser({ tenantId, userId, userContext: contextOf(userContext) }),

    getUsersThatHaveRole: (tenantId: string, role: string, userContext?: UserContext) =>
      functions.getUsersThatHaveRole({ tenantId, role, userContext: contextOf(userContext) }),

    /** `getAllRoles`, a page at a time. */
    async listRoles(page: PageInput = {}, userContext?: UserContext) {
      const wanted = checkOptions("listRoles", PAGE, page);
      return functions.listRoles({ ...wanted, userContext: contextOf(userContext) });
    },

    /** `getUsersThatHaveRole`, a page at a time. */
    async listUsersThatHaveRole(
      tenantId: string,
      role: string,
      page: PageInput = {},
      userContext?: UserContext,
    ) {
      const wanted = checkOptions("listUsersThatHaveRole", PAGE, page);
      return functions.listUsersThatHaveRole({
        ...wanted,
        tenantId,
        role,
        userContext: contextOf(userContext),
      });
    },

    /** A role grants what the roles it inherits from grant; replaces what was said before. */
    setRoleInheritance(
      role: string,
      inherits: readonly string[],
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<({ status: "OK" } | UnknownRole | { status: "CYCLE_ERROR" }) & Partial<Propagated>> {
      const context = contextOf(userContext);
      return changeRole(
        role,
        () => functions.setRoleInheritance({ role, inherits, userContext: context }),
        ({ status }) => status === "OK",
        propagate,
        context,
      );
    },

    /** Roles a role inherits from directly. */
    getInheritedRoles: (role: string, userContext?: UserContext) =>
      functions.getInheritedRoles({ role, userContext: contextOf(userContext) }),

    /** For a user who is deleted, or leaves a tenant. @param tenantId undefined for all tenants */
    async removeAllRolesOfUser(
      userId: string,
      tenantId?: string,
      userContext?: UserContext,
      propagate: PropagateOptions = {},
    ): Promise<{ status: "OK"; removedCount: number } & Partial<Propagated>> {
      const context = contextOf(userContext);
      propagate = checkPropagateOptions(propagate);
      propagator.assertCanEndSessions(propagate);
      const result = await functions.removeAllRolesOfUser({ userId, tenantId, userContext: context });
      if (result.removedCount === 0 && propagate.revokeSessions !== true) return result;
      return { ...result, ...(await propagator.ofUser(tenantId, userId, propagate, context)) };
    },
  };
  if (isProduction()) forgive(plugin, () => true);
  return plugin satisfies SessionPlugin;
}

/** With a catalogue, patterns may be granted beside the permissions it lists. */
type PatternOf<P extends string> = string extends P
  ? never
  : "*" | `${string}:*` | `*:${string}` | `${string}:*:${string}`;

/** @throws SessionError `INVALID_OPTION` when the store keeps no roles */
function roleStoreOf(store: RoleStore | SessionStore): RoleStore {
  if ("readAuthorization" in store) return store;
  if (store.roles !== undefined) return store.roles;
  throw invalidOption(
    "plugins",
    `user-roles: the ${store.name} store keeps no roles; give \`createUserRoles({ store })\` one that does, e.g. \`sqliteStore({ path })\``,
  );
}

/** Never says no; makes every guarded request fetch the claim. */
function alwaysFetched(claim: SessionClaim<unknown>): FetchingClaimValidator {
  return {
    id: claim.key,
    claim,
    maxAgeInSeconds: 0,
    shouldRefetch: (_payload, _userContext, evaluation) => !evaluation?.isJustFetched(claim.key),
    validate: () => ({ isValid: true }),
  };
}

/** Never say no; make a request fetch the claims when the store knows a newer version than its token. */
function versionValidators(
  claims: readonly SessionClaim<unknown>[],
  versionClaim: PrimitiveClaim<number>,
  roles: () => RoleStore,
): SessionClaimValidator[] {
  const asked = new WeakMap<Evaluation, Promise<number>>();
  return claims.map((claim) => ({
    id: VERSION_KEY,
    claim,
    maxAgeInSeconds: 0,
    async shouldRefetch(payload, _userContext, evaluation) {
      const { sub, tId } = payload;
      if (evaluation === undefined || typeof sub !== "string" || typeof tId !== "string") return false;
      if (!claim.policy.autoAdd && payload[claim.key] === undefined) return false;
      const asking = asked.get(evaluation) ?? roles().readAuthorizationVersion(tId, sub);
      asked.set(evaluation, asking);
      return (await asking) !== versionClaim.getValueFromPayload(payload);
    },
    validate: () => ({ isValid: true }),
  }));
}
