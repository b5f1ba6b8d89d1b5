import { checkOptions, isBoolean, isFunction, type OptionCheck } from "../errors/option-check.js";
import { SessionError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import { systemClock } from "../runtime/clock.js";
import { isPlainObject, type JsonObject, type JsonValue } from "../runtime/json.js";
import type { ClaimEndpoint, ClaimSession } from "./claim-endpoint.js";
import { isListOfNames } from "./claim-options.js";
import type { ClaimValidationResult, Evaluation, FetchingClaimValidator } from "./claim-validator.js";
import { type CompletedFactors, firstUnmet, type MfaRequirement, nextFactors } from "./mfa-requirements.js";
import type { MfaReason } from "./reasons.js";
import { type ClaimFetchContext, SessionClaim } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** Key in the payload; the browser's SDK reads it. */
const KEY = "st-mfa";
/** Above this a completion time is taken for milliseconds: old sessions have such (claims.md O-30). */
const MAX_SECONDS = 100_000_000_000;
const VALID: ClaimValidationResult = Object.freeze({ isValid: true });

/** What stands under `st-mfa`. */
export interface MfaValue {
  /** Completed factors: seconds since the epoch. */
  c: CompletedFactors;
  /** Whether everything that signing in asks for is done. */
  v: boolean;
}

export interface MfaOptions {
  /** What the user has to complete to be signed in; from left to right. */
  getRequirements(context: ClaimFetchContext): readonly MfaRequirement[] | Promise<readonly MfaRequirement[]>;
  /** Factors the user has set up. Default: none. */
  getFactorsSetup?(context: ClaimFetchContext): readonly string[] | Promise<readonly string[]>;
  /** Addresses and numbers per factor, for the browser's screens. */
  getContacts?(context: ClaimFetchContext): MfaContacts | Promise<MfaContacts>;
  /** Factors the application has. */
  readonly allowedFactors: readonly string[];
  /** Whether `PUT /mfa/info` is served. Default false. */
  readonly endpoints?: boolean | undefined;
}

const CHECKS: { readonly [Option in keyof Required<MfaOptions>]: OptionCheck } = {
  getRequirements: isFunction,
  getFactorsSetup: isFunction,
  getContacts: isFunction,
  allowedFactors: isListOfNames,
  endpoints: isBoolean,
};

interface MfaContacts {
  emails?: Record<string, string[]>;
  phoneNumbers?: Record<string, string[]>;
}

/** `st-mfa`: which factors this session has completed. No age rule applies to it. */
export class MfaClaim extends SessionClaim<MfaValue> {
  readonly #options: MfaOptions;
  readonly validators: {
    hasCompletedMFARequirementsForAuth(id?: string): FetchingClaimValidator;
    hasCompletedRequirementList(requirements: readonly MfaRequirement[], id?: string): FetchingClaimValidator;
    /** The browser's name for `hasCompletedRequirementList`. */
    hasCompletedFactors(requirements: readonly MfaRequirement[], id?: string): FetchingClaimValidator;
    /** Step-up: the factor was completed at most so many seconds ago. */
    completedWithin(factorId: string, seconds: number, id?: string): FetchingClaimValidator;
  };

  constructor(options: MfaOptions) {
    super(KEY, { autoAdd: false });
    this.#options = options;
    const hasCompletedRequirementList = (
      requirements: readonly MfaRequirement[],
      id = KEY,
    ): FetchingClaimValidator =>
      this.#validator(id, ({ c }) => {
        const unmet = firstUnmet(requirements, c);
        return unmet === undefined ? VALID : invalid(reasonOf(unmet, c));
      });
    this.validators = {
      hasCompletedMFARequirementsForAuth: (id = KEY) =>
        this.#validator(id, ({ v }) =>
          v ? VALID : invalid({ message: "MFA requirement for auth is not satisfied" }),
        ),
      hasCompletedRequirementList,
      hasCompletedFactors: hasCompletedRequirementList,
      completedWithin: (factorId, seconds, id = KEY) => {
        if (!(seconds >= 0))
          throw invalidArgument("completedWithin() takes a number of seconds that is not negative");
        return this.#validator(id, ({ c }, nowMs) => {
          const completedAt = Object.hasOwn(c, factorId) ? c[factorId] : undefined;
          const age = completedAt === undefined ? undefined : Math.floor(nowMs / 1000) - completedAt;
          if (age !== undefined && age <= seconds) return VALID;
          const message = `Factor validation failed: ${factorId} not completed`;
          return invalid({
            message,
            factorId,
            ...(age === undefined ? {} : { ageInSeconds: age }),
            maxAgeInSeconds: seconds,
          });
        });
      },
    };
  }

  async fetchValue(context: ClaimFetchContext): Promise<MfaValue> {
    const c = this.getValueFromPayload(context.currentPayload)?.c ?? {};
    return { c, v: firstUnmet(await this.#options.getRequirements(context), c) === undefined };
  }

  /** Completed factors join those that are there; a value written by hand replaces them (claims.md O-31). */
  addToPayload(payload: JsonObject, value: MfaValue): JsonObject {
    const before = this.getValueFromPayload(payload)?.c ?? {};
    return { ...payload, [KEY]: { c: { ...before, ...value.c }, v: value.v } };
  }

  override isValue(value: unknown): value is MfaValue {
    return isPlainObject(value) && isPlainObject(value.c) && typeof value.v === "boolean";
  }

  getValueFromPayload(payload: JsonObject): MfaValue | undefined {
    const entry = payload[KEY];
    if (!this.isValue(entry)) return undefined;
    const times = Object.entries(entry.c).filter(
      ([, time]) => typeof time === "number" && Number.isFinite(time),
    );
    return {
      c: Object.fromEntries(
        times.map(([id, time]) => [id, time > MAX_SECONDS ? Math.floor(time / 1000) : time]),
      ),
      v: entry.v,
    };
  }

  override mergeEntry(stored: JsonValue | undefined, fetched: JsonValue): JsonValue {
    const before = stored === undefined ? undefined : this.getValueFromPayload({ [KEY]: stored });
    const after = this.getValueFromPayload({ [KEY]: fetched });
    if (after === undefined) return fetched;
    const c: Record<string, number> = { ...before?.c };
    for (const [id, time] of Object.entries(after.c)) c[id] = Math.max(time, c[id] ?? 0);
    return { c, v: after.v };
  }

  #validator(
    id: string,
    judge: (value: MfaValue, nowMs: number) => ClaimValidationResult,
  ): FetchingClaimValidator {
    return {
      id,
      claim: this,
      shouldRefetch: (payload) => this.getValueFromPayload(payload) === undefined,
      isKnown: (payload) => this.getValueFromPayload(payload) !== undefined,
      validate: (payload: JsonObject, _userContext: UserContext, evaluation?: Evaluation) => {
        const value = this.getValueFromPayload(payload);
        if (value === undefined) return invalid({ message: "MFA info not available in payload" });
        return judge(value, evaluation?.nowMs ?? systemClock.wallMs());
      },
    };
  }
}

/**
 * The MFA claim, its gate and its endpoint; the application runs the factors and supplies the facts (claims.md O-35).
 * Hand it to `createSession({ plugins: [mfa] })`, and call `mfa.markFactorComplete(session, "totp")` once a factor is done.
 *
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function mfaClaim(given: MfaOptions) {
  if (typeof given?.getRequirements !== "function" || !Array.isArray(given.allowedFactors)) {
    throw invalidArgument("mfaClaim() needs `getRequirements` and `allowedFactors`");
  }
  const options = checkOptions("mfaClaim", CHECKS, given);
  const claim = new MfaClaim(options);
  /** What the facts say of a session now. */
  const read = async (session: ClaimSession, userContext: UserContext) => {
    const context = contextOf(session, userContext);
    const c = claim.getValueFromPayload(context.currentPayload)?.c ?? {};
    const unmet = firstUnmet(await options.getRequirements(context), c);
    return { context, c, v: unmet === undefined, next: nextFactors(unmet, c) };
  };
  const settle = async (
    session: ClaimSession,
    factors: CompletedFactors,
    userContext: UserContext,
  ): Promise<void> => {
    const context = contextOf(session, userContext);
    const c = { ...claim.getValueFromPayload(context.currentPayload)?.c, ...factors };
    const v = firstUnmet(await options.getRequirements(context), c) === undefined;
    await session.mergeClaimEntry(claim, { c: { ...factors }, v }, userContext);
    // Another factor may have been completed meanwhile: what counts is what the store holds now.
    const after = await read(session, userContext);
    if (after.v !== v) await session.mergeClaimEntry(claim, { c: {}, v: after.v }, userContext);
  };
  const allowedToSetUp = async (session: ClaimSession, userContext: UserContext) => {
    const state = await read(session, userContext);
    const alreadySetup = [...((await options.getFactorsSetup?.(state.context)) ?? [])];
    const allowed = options.allowedFactors.filter(
      (factorId) =>
        state.v || (!state.next.some((next) => alreadySetup.includes(next)) && state.next.includes(factorId)),
    );
    return { ...state, alreadySetup, allowed };
  };

  const info: ClaimEndpoint = {
    method: "PUT",
    path: "/mfa/info",
    sessionRequired: true,
    async handle({ session, userContext }) {
      if (session === undefined) return { status: "OK" };
      await settle(session, {}, userContext);
      const { context, next, alreadySetup, allowed } = await allowedToSetUp(session, userContext);
      const possible = next.filter(
        (factorId) => allowed.includes(factorId) || alreadySetup.includes(factorId),
      );
      if (next.length > 0 && possible.length === 0) {
        throw new Error(
          "the user has to complete factors that are neither set up nor allowed to be: check mfaClaim()",
        );
      }
      const contacts = (await options.getContacts?.(context)) ?? {};
      return {
        status: "OK",
        factors: { next: possible, alreadySetup, allowedToSetup: allowed },
        emails: contacts.emails ?? {},
        phoneNumbers: contacts.phoneNumbers ?? {},
      };
    },
  };

  return {
    name: "mfa",
    claim,
    claims: [claim],
    globalClaimValidators: [claim.validators.hasCompletedMFARequirementsForAuth()],
    endpoints: options.endpoints ? [info] : [],

    /** To be called once the application has verified the factor. Factors completed at the same time all count. */
    markFactorComplete(
      session: ClaimSession,
      factorId: string,
      userContext: UserContext = {},
      nowMs: number = systemClock.wallMs(),
    ): Promise<void> {
      if (!options.allowedFactors.includes(factorId))
        throw invalidArgument(`\`${factorId}\` is not an allowed factor`);
      return settle(session, { [factorId]: Math.floor(nowMs / 1000) }, userContext);
    },

    /**
     * To be called before a factor is set up: whoever has passed only the first factor must not enrol a fresh second one
     * beside an enrolled one.
     *
     * @throws SessionError `INVALID_CLAIMS`
     */
    async assertAllowedToSetUp(
      session: ClaimSession,
      factorId: string,
      userContext: UserContext = {},
    ): Promise<void> {
      const { allowed } = await allowedToSetUp(session, userContext);
      if (allowed.includes(factorId)) return;
      throw new SessionError({
        type: "INVALID_CLAIMS",
        message: `the factor ${factorId} may not be set up now`,
        payload: [
          { id: KEY, reason: "Completed factors in the session are not enough to set this factor up" },
        ],
      });
    },
  };
}

function contextOf(session: ClaimSession, userContext: UserContext): ClaimFetchContext {
  return {
    userId: session.getUserId(),
    recipeUserId: session.getRecipeUserId().getAsString(),
    tenantId: session.getTenantId(),
    sessionHandle: session.getHandle(),
    currentPayload: session.getAccessTokenPayload(),
    signal: new AbortController().signal,
    userContext,
  };
}

function reasonOf(unmet: MfaRequirement, completed: CompletedFactors): MfaReason {
  if (typeof unmet === "string") {
    return { message: `Factor validation failed: ${unmet} not completed`, factorId: unmet };
  }
  if ("oneOf" in unmet) {
    const { oneOf } = unmet;
    return {
      message: `None of these factors are complete in the session: ${oneOf.join(", ")}`,
      oneOf: [...oneOf],
    };
  }
  const missing = nextFactors(unmet, completed);
  return {
    message: `Some of the factors are not complete in the session: ${missing.join(", ")}`,
    allOfInAnyOrder: missing,
  };
}

function invalid(reason: MfaReason | { message: string }): ClaimValidationResult {
  return { isValid: false, reason };
}
