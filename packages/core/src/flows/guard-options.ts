import { PERMISSION_KEY, ROLE_KEY } from "../claims/authorization.js";
import { checkValidators } from "../claims/check-validators.js";
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import { PrimitiveArrayClaim } from "../claims/primitive-array-claim.js";
import {
  checkOptions,
  holds,
  isBoolean,
  isFunction,
  namesOf,
  type OptionCheck,
  type OptionChecks,
} from "../errors/option-check.js";
import { invalidArgument, invalidOption } from "../errors/throwers.js";
import type { VerifySessionOptions } from "../session/types.js";
import type { SessionCore } from "./session-core.js";

declare const CHECKED: unique symbol;

/** Options that were checked, with their roles and permissions made into validators: nothing is left for a request to find out. */
export type CheckedOptions = Omit<VerifySessionOptions, "roles" | "permissions"> & {
  readonly [CHECKED]: true;
};

const GUARD = "verifySession";

/** An element that is wrong is told by its own name. */
const validators: OptionCheck = (value, path) => checkValidators(value, `\`${path}\``);
const isList = holds(Array.isArray, "must be a list");

const SHALLOW: { readonly [Option in keyof Required<VerifySessionOptions>]: OptionCheck } = {
  sessionRequired: isBoolean,
  antiCsrfCheck: isBoolean,
  checkDatabase: isBoolean,
  roles: namesOf("roles"),
  permissions: namesOf("permissions"),
  require: isList,
  skip: isList,
  only: isList,
  overrideGlobalClaimValidators: isFunction,
};

const DEEP: OptionChecks = {
  ...SHALLOW,
  require: (value, path) => {
    isList(value, path);
    validators(value, path);
  },
  only: (value, path) => {
    isList(value, path);
    validators(value, path);
  },
  skip: holds(
    (value) => Array.isArray(value) && value.every((id) => typeof id === "string" && id !== ""),
    "must be a list of validator ids",
  ),
};

/**
 * Checks the options that a guard is made with, before there is an instance to make it: a decorator's, say.
 *
 * @param own what the adapter's guard takes beside them
 * @param where name of the guard, for messages
 * @returns what they say, those of the adapter too, in a frozen object of ours; the given one must not be looked at again:
 *          a copy of it has neither its getters nor what it inherits
 * @throws SessionError `INVALID_OPTION`; `INVALID_ARGUMENT` for what is no options at all, and for validators that are none
 */
export function checkGuardOptions<O>(given: O, own: OptionChecks = {}, where = GUARD): O {
  if (given === undefined) return given;
  if (isRequestLike(given)) {
    throw invalidArgument(
      "verifySession was handed to the framework itself, which called it with a request: write `verifySession()`, which makes the guard",
    );
  }
  return told(where, { ...DEEP, ...own }, given);
}

/** Left out these ask for nothing; given as undefined they are a constant that does not exist, and would open a door. */
const NEVER_UNDEFINED: readonly string[] = ["roles", "permissions", "require", "only"];

/** What an object of options has to say, and that it says anything. */
function told<O>(where: string, checks: OptionChecks, given: O): O {
  const options = checkOptions(where, checks, given);
  const said = options as Record<string, unknown>;
  for (const name of NEVER_UNDEFINED) {
    if (!(name in said) || said[name] !== undefined) continue;
    throw invalidOption(
      `${GUARD}.${name}`,
      "is undefined: leave it out, or give a list; a name that does not exist would let everybody in",
    );
  }
  const prototype: unknown = Object.getPrototypeOf(given);
  if (Object.keys(said).length > 0 || prototype === Object.prototype || prototype === null) return options;
  throw invalidOption(where, "must be an object of options, and plain");
}

/** The options in an object of ours, each read once: nothing that happens to the given one, or to its lists, counts any more. */
class KeptOptions implements VerifySessionOptions {
  declare readonly [CHECKED]: true;
  readonly sessionRequired: boolean | undefined;
  readonly antiCsrfCheck: boolean | undefined;
  readonly checkDatabase: boolean | undefined;
  /** Undefined once they are part of `require`. */
  roles: readonly string[] | undefined;
  permissions: readonly string[] | undefined;
  require: readonly SessionClaimValidator[] | undefined;
  readonly skip: readonly string[] | undefined;
  readonly only: readonly SessionClaimValidator[] | undefined;
  readonly overrideGlobalClaimValidators: VerifySessionOptions["overrideGlobalClaimValidators"];

  constructor(given: VerifySessionOptions) {
    this.sessionRequired = given.sessionRequired;
    this.antiCsrfCheck = given.antiCsrfCheck;
    this.checkDatabase = given.checkDatabase;
    this.roles = copied(given.roles);
    this.permissions = copied(given.permissions);
    this.require = copied(given.require);
    this.skip = copied(given.skip);
    this.only = copied(given.only);
    this.overrideGlobalClaimValidators = given.overrideGlobalClaimValidators;
  }

  /** How many say something. */
  get count(): number {
    return (
      Number(this.sessionRequired !== undefined) +
      Number(this.antiCsrfCheck !== undefined) +
      Number(this.checkDatabase !== undefined) +
      Number(this.roles !== undefined) +
      Number(this.permissions !== undefined) +
      Number(this.require !== undefined) +
      Number(this.skip !== undefined) +
      Number(this.only !== undefined) +
      Number(this.overrideGlobalClaimValidators !== undefined)
    );
  }
}

/** What is no list stays as it is, for a check to find. */
function copied<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return Array.isArray(list) ? [...list] : list;
}

/**
 * What every adapter does with the options that a guard is made with, so that requests find nothing left to check. A
 * later change of the given object counts for nothing.
 *
 * @param own what the adapter's guard takes beside them; it is left out of what is returned
 * @throws SessionError `INVALID_OPTION`, `INVALID_ARGUMENT`
 */
export function guardOptions(
  core: SessionCore,
  given: VerifySessionOptions | undefined,
  own?: OptionChecks,
): CheckedOptions | undefined {
  return given === undefined ? undefined : withRoles(core, new KeptOptions(checkGuardOptions(given, own)));
}

/**
 * The same for options that come with each call.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function callOptions(
  core: SessionCore,
  given: VerifySessionOptions | undefined,
): CheckedOptions | undefined {
  if (given === undefined) return undefined;
  if (given instanceof KeptOptions) return given as CheckedOptions;
  return withRoles(core, quicklyRead(given) ?? new KeptOptions(told("getSession", SHALLOW, given)));
}

const RULES = new Map(
  Object.entries(SHALLOW).map(([name, check]) => [name, { check, path: `getSession.${name}` }]),
);

/** What is plain and right, without what a closer look costs; undefined where it needs that. */
function quicklyRead(given: VerifySessionOptions): KeptOptions | undefined {
  if (typeof given !== "object" || given === null || Object.getPrototypeOf(given) !== Object.prototype)
    return;
  const read = new KeptOptions(given);
  let own = 0;
  for (const name of Object.keys(given) as (keyof VerifySessionOptions)[]) {
    const rule = RULES.get(name);
    if (rule === undefined) return;
    const value = read[name];
    if (value === undefined) {
      if (NEVER_UNDEFINED.includes(name)) return;
      continue;
    }
    rule.check(value, rule.path);
    own += 1;
  }
  // More than its own: inherited, or hidden.
  return read.count === own ? read : undefined;
}

/** Every role and every permission that is listed; validators of the route, so that no override takes them away. */
function withRoles(core: SessionCore, options: KeptOptions): CheckedOptions {
  const { roles, permissions } = options;
  if (roles !== undefined || permissions !== undefined) {
    options.require = [
      ...(roles === undefined ? [] : [listClaim(core, "roles", ROLE_KEY).validators.includesAll(roles)]),
      ...(permissions === undefined
        ? []
        : [listClaim(core, "permissions", PERMISSION_KEY).validators.includesAll(permissions)]),
      ...(options.require ?? []),
    ];
    options.roles = undefined;
    options.permissions = undefined;
  }
  return options as CheckedOptions;
}

/** @throws SessionError `INVALID_OPTION` where nobody would know the user's roles: the guard is not made, and opens nothing */
function listClaim(core: SessionCore, option: string, key: string): PrimitiveArrayClaim<string> {
  const claim = core.engine.tools.claimOf(key);
  if (claim instanceof PrimitiveArrayClaim) return claim;
  throw invalidOption(
    `${GUARD}.${option}`,
    "needs to know the users' roles: add `plugins: [createUserRoles()]` (of `@acme/session-core/user-roles`) to the session's options",
  );
}

/**
 * For what takes nothing and returns a handler: `app.use(Session.middleware)`, without the call, would leave every request
 * without an answer.
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function assertNoArguments(name: string, given: readonly unknown[]): void {
  if (given.length === 0) return;
  throw invalidArgument(
    `${name} takes nothing; where it was handed to the framework itself, write \`${name}()\`, which makes the handler`,
  );
}

/** What requests, contexts and events of the frameworks have, and options never. */
const OF_REQUESTS = ["headers", "req", "raw", "requestContext", "methodName", "getHandler"];

function isRequestLike(given: unknown): boolean {
  return typeof given === "object" && given !== null && OF_REQUESTS.some((name) => name in given);
}
