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
 * @throws SessionError `INVALID_OPTION`; `INVALID_ARGUMENT` for what is no options at all, and for validators that are none
 */
export function checkGuardOptions(given: unknown, own: OptionChecks = {}): void {
  if (given === undefined) return;
  if (isRequestLike(given)) {
    throw invalidArgument(
      "verifySession was handed to the framework itself, which called it with a request: write `verifySession()`, which makes the guard",
    );
  }
  checkOptions(GUARD, { ...DEEP, ...own }, given);
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
  if (given === undefined) return undefined;
  checkGuardOptions(given, own);
  const kept = Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(SHALLOW, name)));
  return withRoles(core, kept);
}

/**
 * The same for options that come with each call. Nothing is allocated where they are right and ask for no roles.
 *
 * @throws SessionError `INVALID_OPTION`
 */
export function callOptions(
  core: SessionCore,
  given: VerifySessionOptions | undefined,
): CheckedOptions | undefined {
  if (given === undefined) return undefined;
  let isRight = typeof given === "object" && given !== null && !Array.isArray(given);
  if (isRight) {
    for (const name in given) isRight = isRight && fits(name, given[name as keyof VerifySessionOptions]);
  }
  if (!isRight) {
    checkOptions("getSession", SHALLOW, given);
    // What only its prototype has.
    throw invalidOption("getSession", "must be an object of options, and plain");
  }
  return given.roles === undefined && given.permissions === undefined
    ? (given as CheckedOptions)
    : withRoles(core, given);
}

function fits(name: string, value: unknown): boolean {
  if (value === undefined) return name in SHALLOW;
  switch (name) {
    case "sessionRequired":
    case "antiCsrfCheck":
    case "checkDatabase":
      return typeof value === "boolean";
    case "require":
    case "skip":
    case "only":
      return Array.isArray(value);
    case "roles":
    case "permissions":
      return Array.isArray(value) && value.length > 0 && value.every(isName);
    case "overrideGlobalClaimValidators":
      return typeof value === "function";
    default:
      return false;
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Every role and every permission that is listed; validators of the route, so that no override takes them away. */
function withRoles(core: SessionCore, given: VerifySessionOptions): CheckedOptions {
  const { roles, permissions, ...rest } = given;
  if (roles === undefined && permissions === undefined) return rest as CheckedOptions;
  const required: SessionClaimValidator[] = [
    ...(roles === undefined ? [] : [listClaim(core, "roles", ROLE_KEY).validators.includesAll(roles)]),
    ...(permissions === undefined
      ? []
      : [listClaim(core, "permissions", PERMISSION_KEY).validators.includesAll(permissions)]),
    ...(rest.require ?? []),
  ];
  return { ...rest, require: required } as unknown as CheckedOptions;
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
