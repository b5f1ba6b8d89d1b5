import {
  checkOptions,
  isBoolean,
  isFunction,
  type OptionCheck,
  oneOf,
  shaped,
} from "../errors/option-check.js";
import { SessionError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import { systemClock } from "../runtime/clock.js";
import { isPlainObject, type JsonObject } from "../runtime/json.js";
import { BooleanClaim, type BooleanValidators } from "./boolean-claim.js";
import type { ClaimEndpoint } from "./claim-endpoint.js";
import { isSeconds, READY_MADE_POLICY_CHECKS } from "./claim-options.js";
import type { FetchingClaimValidator } from "./claim-validator.js";
import { checkedMaxAge, isTooOld } from "./freshness.js";
import type { ClaimFetchContext, ClaimPolicyInput } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** Key in the payload; the browser's SDK reads it. */
const KEY = "st-ev";
const DEFAULT_REFETCH_ON_FALSE_SECONDS = 10;

interface EmailVerifiedValidators extends BooleanValidators {
  /**
   * A false value is asked for again after `refetchTimeOnFalseInSeconds` (default 10), so that a verification in another
   * browser is noticed; a true one only after `maxAgeInSeconds`, if that is given.
   */
  isVerified(refetchTimeOnFalseInSeconds?: number, maxAgeInSeconds?: number): FetchingClaimValidator;
}

export interface EmailVerifiedOptions {
  /**
   * Whether the user's e-mail address is verified, by `recipeUserId`. True where there is no address; undefined leaves
   * the claim alone.
   */
  isVerified(context: ClaimFetchContext): boolean | undefined | Promise<boolean | undefined>;
  /** `"REQUIRED"`: every guarded route asks for it. Default `"OPTIONAL"`. */
  readonly mode?: "REQUIRED" | "OPTIONAL" | undefined;
  /** Default 10. */
  readonly refetchOnFalseSeconds?: number | undefined;
  /** Default: a true value is never asked for again. */
  readonly maxAgeSeconds?: number | undefined;
  /** Whether `GET /user/email/verify` is served, which the browser's SDK asks when the claim is missing or false. */
  readonly endpoints?: boolean | undefined;
  /** Sends the message; with it `POST /user/email/verify/token` is served. */
  readonly sendVerification?:
    | ((input: {
        userId: string;
        recipeUserId: string;
        tenantId: string;
        userContext: UserContext;
      }) => unknown)
    | undefined;
  /**
   * Takes the token from the message; with it `POST /user/email/verify` is served. Returns whose address is verified
   * now, or undefined when the token is no good.
   */
  readonly consumeToken?:
    | ((
        token: string,
        input: { userContext: UserContext },
      ) => { recipeUserId: string } | undefined | Promise<{ recipeUserId: string } | undefined>)
    | undefined;
  readonly policy?: Omit<ClaimPolicyInput, "autoAdd" | "mode"> | undefined;
}

const CHECKS: { readonly [Option in keyof Required<EmailVerifiedOptions>]: OptionCheck } = {
  isVerified: isFunction,
  mode: oneOf("REQUIRED", "OPTIONAL"),
  refetchOnFalseSeconds: isSeconds,
  maxAgeSeconds: isSeconds,
  endpoints: isBoolean,
  sendVerification: isFunction,
  consumeToken: isFunction,
  policy: shaped(READY_MADE_POLICY_CHECKS),
};

/** `st-ev`: whether the address that this session's login belongs to is verified. */
export class EmailVerifiedClaim extends BooleanClaim {
  declare readonly validators: EmailVerifiedValidators;

  constructor(given: EmailVerifiedOptions) {
    const options = checkOptions("emailVerifiedClaim", CHECKS, given);
    super({ ...options.policy, key: KEY, fetchValue: (context) => options.isVerified(context) });
    const { hasValue } = this.validators;
    const isVerified = (
      refetchTimeOnFalseInSeconds = options.refetchOnFalseSeconds ?? DEFAULT_REFETCH_ON_FALSE_SECONDS,
      maxAgeInSeconds = options.maxAgeSeconds,
    ): FetchingClaimValidator => {
      const refetchOnFalse = checkedMaxAge(KEY, refetchTimeOnFalseInSeconds);
      const validator = hasValue(true, maxAgeInSeconds);
      return {
        ...validator,
        shouldRefetch: (payload, _userContext, evaluation) => {
          const value = this.getValueFromPayload(payload);
          if (value === undefined) return true;
          if (evaluation?.isJustFetched(KEY)) return false;
          const stampMs = this.getLastRefetchTime(payload);
          const nowMs = evaluation?.nowMs ?? systemClock.wallMs();
          return (
            isTooOld(stampMs, nowMs, maxAgeInSeconds) ||
            (value === false && isTooOld(stampMs, nowMs, refetchOnFalse))
          );
        },
      };
    };
    Object.assign(this.validators, { isVerified });
  }
}

/**
 * The e-mail-verified claim, its gate and its endpoints; the application supplies the facts (claims.md O-34). Hand it to
 * `createSession({ plugins: [emailVerified] })`.
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function emailVerifiedClaim(given: EmailVerifiedOptions) {
  if (typeof given?.isVerified !== "function")
    throw invalidArgument("emailVerifiedClaim() needs `isVerified`");
  const options = checkOptions("emailVerifiedClaim", CHECKS, given);
  const claim = new EmailVerifiedClaim(options);
  return {
    name: "email-verified",
    claim,
    claims: [claim],
    globalClaimValidators: options.mode === "REQUIRED" ? [claim.validators.isVerified()] : [],
    endpoints: endpointsOf(claim, options),
  };
}

function endpointsOf(claim: EmailVerifiedClaim, options: EmailVerifiedOptions): ClaimEndpoint[] {
  const { endpoints, sendVerification, consumeToken } = options;
  const path = "/user/email/verify";
  const served: ClaimEndpoint[] = [];
  if (endpoints) {
    served.push({
      method: "GET",
      path,
      sessionRequired: true,
      async handle({ session, userContext }) {
        // Written whatever it is, with a new time: otherwise the browser would ask again at every check (O-29).
        await session?.fetchAndSetClaim(claim, userContext);
        return {
          status: "OK",
          isVerified: session !== undefined && valueIn(claim, session.getAccessTokenPayload()),
        };
      },
    });
  }
  if (endpoints && sendVerification !== undefined) {
    served.push({
      method: "POST",
      path: `${path}/token`,
      sessionRequired: true,
      async handle({ session, userContext }) {
        if (session === undefined) return { status: "OK" };
        await session.fetchAndSetClaim(claim, userContext);
        if (valueIn(claim, session.getAccessTokenPayload()))
          return { status: "EMAIL_ALREADY_VERIFIED_ERROR" };
        await sendVerification({
          userId: session.getUserId(),
          recipeUserId: session.getRecipeUserId().getAsString(),
          tenantId: session.getTenantId(),
          userContext,
        });
        return { status: "OK" };
      },
    });
  }
  if (endpoints && consumeToken !== undefined) {
    served.push({
      method: "POST",
      path,
      sessionRequired: false,
      async handle({ session, body, userContext }) {
        const sent = await body();
        const token = isPlainObject(sent) ? sent.token : undefined;
        if (typeof token !== "string" || token === "") {
          throw new SessionError({ type: "BAD_INPUT_ERROR", message: "the body must have a `token`" });
        }
        const verified = await consumeToken(token, { userContext });
        if (verified === undefined) return { status: "EMAIL_VERIFICATION_INVALID_TOKEN_ERROR" };
        if (session?.getRecipeUserId().getAsString() === verified.recipeUserId) {
          await session.fetchAndSetClaim(claim, userContext);
        }
        return { status: "OK" };
      },
    });
  }
  return served;
}

function valueIn(claim: EmailVerifiedClaim, payload: JsonObject): boolean {
  return claim.getValueFromPayload(payload) === true;
}
