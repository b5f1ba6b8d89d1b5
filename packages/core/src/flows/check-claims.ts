import { checkValidators } from "../claims/check-validators.js";
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { UserContext } from "../claims/user-context.js";
import { invalidArgument } from "../errors/throwers.js";
import { chain, type Maybe, settled, soonSettled } from "../runtime/maybe.js";
import type { SessionContainer } from "../session/session-container.js";
import type { CheckedOptions } from "./guard-options.js";
import type { SessionCore } from "./session-core.js";

type Validators = readonly SessionClaimValidator[];

/** Whether any claim is judged at all; decided without a call. */
export function hasValidators(core: SessionCore, options: CheckedOptions | undefined): boolean {
  return (
    core.hasGlobalValidators ||
    options?.overrideGlobalClaimValidators !== undefined ||
    options?.require !== undefined ||
    options?.only !== undefined
  );
}

/**
 * Judges the claims of a session: the global validators, or `only`, without `skip`, through the route's override, and
 * `require` at the end (claims.md 2.2, O-8, O-9). What is fetched reaches the client also with a 403 (O-12).
 *
 * @throws SessionError `INVALID_CLAIMS`; `INVALID_ARGUMENT` when an option is not what it should be
 */
export function checkClaims(
  core: SessionCore,
  session: SessionContainer,
  options: CheckedOptions | undefined,
  userContext: UserContext,
): Maybe<void> {
  return chain(startingList(core, session, options, userContext), (list) => {
    const override = options?.overrideGlobalClaimValidators;
    const overridden: Maybe<Validators> =
      override === undefined
        ? list
        : soonSettled(
            "`overrideGlobalClaimValidators`",
            override(Object.freeze([...list]), session, userContext),
          );
    return chain(overridden, (validators) =>
      session.checkClaims(withRequired(validators, options), userContext),
    );
  });
}

function startingList(
  core: SessionCore,
  session: SessionContainer,
  options: CheckedOptions | undefined,
  userContext: UserContext,
): Maybe<Validators> {
  const { tools, settings } = core.engine;
  if (options?.only !== undefined) {
    checkValidators(options.only, "`only`");
    return withoutSkipped(options.only, options);
  }
  const globals = core.hasOverriddenFunctions
    ? settled(
        tools.functions.getGlobalClaimValidators({
          userId: session.getUserId(),
          recipeUserId: session.getRecipeUserId().getAsString(),
          tenantId: session.getTenantId(),
          claimValidatorsAddedByOtherRecipes: Object.freeze([...settings.globalClaimValidators]),
          userContext,
        }),
      )
    : settings.globalClaimValidators;
  return chain(globals, (list) => withoutSkipped(list, options));
}

function withoutSkipped(list: Validators, options: CheckedOptions | undefined): Validators {
  const skip: unknown = options?.skip;
  if (skip === undefined) return list;
  if (!Array.isArray(skip)) throw invalidArgument("`skip` is a list of validator ids");
  return list.filter(({ id }) => !skip.includes(id));
}

function withRequired(list: Validators, options: CheckedOptions | undefined): Validators {
  if (options?.require === undefined) return list;
  checkValidators(options.require, "`require`");
  checkValidators(list, "the override of the claim validators");
  return [...list, ...options.require];
}
