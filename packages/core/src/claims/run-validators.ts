import { type ClaimValidationError, SessionError } from "../errors/session-error.js";
import { isThenable } from "../runtime/aside.js";
import { deepFreeze, type JsonObject, jsonEqual } from "../runtime/json.js";
import { chain, type Maybe, someOf } from "../runtime/maybe.js";
import { patiently } from "../runtime/patience.js";
import { snapshotPayload } from "../tokens/payload-snapshot.js";
import { checkedPatch, mergePayload, withoutReservedClaims } from "../tokens/reserved-claims.js";
import { checkValidators } from "./check-validators.js";
import type { ClaimFetcher, ClaimSubject, FetchedValue } from "./claim-fetcher.js";
import type { Evaluation, FetchingClaimValidator, SessionClaimValidator } from "./claim-validator.js";
import { ageInSeconds } from "./freshness.js";
import { failuresOfAll, resultOf } from "./judge-validator.js";
import type { SessionClaim } from "./session-claim.js";
import type { UserContext } from "./user-context.js";

/** What is judged, when, and for whom. */
export interface ClaimQuestion extends ClaimSubject {
  readonly validators: readonly SessionClaimValidator[];
  /** Frozen; the token's own claims may stand in it. */
  readonly payload: JsonObject;
  /** Values of request-mode claims that this request has fetched already. */
  readonly requestValues: JsonObject;
  /** Milliseconds since the epoch: the one moment that all validators judge. */
  readonly nowMs: number;
  readonly userContext: UserContext;
  readonly fetcher: ClaimFetcher;
}

/** What came of an evaluation, as data. */
export interface ClaimOutcome {
  /** Failures in list order, one per failing validator. */
  invalidClaims: readonly ClaimValidationError[];
  /** What was fetched for tokens, as a merge patch; undefined when nothing has to be written. */
  patch: JsonObject | undefined;
  /** Claims whose entries are in `patch`. */
  patchedClaims: readonly SessionClaim<unknown>[];
  /** What was fetched for this request only. */
  requestValues: JsonObject | undefined;
}

/**
 * Judges a payload: first every claim that is missing or too old is fetched, distinct ones at the same time, then all
 * validators look at the one result (claims.md 2.3, O-10, O-11). Nothing is saved here.
 *
 * As long as nothing has to be fetched and no validator returns a promise, the answer is not one either.
 *
 * @throws what a validator or a fetch threw: then nothing is to be saved
 */
export function runValidators(question: ClaimQuestion): Maybe<ClaimOutcome> {
  checkValidators(question.validators, "the override of the claim validators");
  const run = new ClaimRun(question);
  const preparing = run.prepareAll(question.validators);
  return preparing instanceof Promise ? preparing.then(() => run.conclude()) : run.conclude();
}

/** One evaluation under way. */
class ClaimRun implements Evaluation {
  readonly nowMs: number;
  readonly #question: ClaimQuestion;
  #current: JsonObject;
  /** Absent as long as nothing was fetched, which is nearly always. */
  #fetches: Fetches | undefined;

  constructor(question: ClaimQuestion) {
    this.#question = question;
    this.nowMs = question.nowMs;
    this.#current = isEmpty(question.requestValues)
      ? question.payload
      : { ...question.payload, ...question.requestValues };
  }

  isJustFetched(claimKey: string): boolean {
    return this.#fetches?.fresh.has(claimKey) === true;
  }

  /** Fetches what is due. Fetches run at the same time; the first error is the one that is thrown. */
  prepareAll(validators: readonly SessionClaimValidator[]): Maybe<void> {
    let waiting: Promise<void>[] | undefined;
    for (const validator of validators) {
      try {
        const preparing = this.#prepare(validator);
        if (preparing instanceof Promise) {
          waiting ??= [];
          waiting.push(preparing);
        }
      } catch (error) {
        if (waiting === undefined) throw error;
        waiting.push(Promise.reject(error));
        break;
      }
    }
    return waiting && Promise.all(waiting).then(() => undefined);
  }

  conclude(): Maybe<ClaimOutcome> {
    const { validators, userContext } = this.#question;
    const failures = failuresOfAll(validators, this.#current, userContext, this);
    return failures instanceof Promise
      ? failures.then((invalidClaims) => this.#outcome(invalidClaims))
      : this.#outcome(failures);
  }

  #outcome(invalidClaims: readonly ClaimValidationError[]): ClaimOutcome {
    if (this.#fetches !== undefined)
      return { invalidClaims, ...findings(this.#question.payload, this.#fetches) };
    return invalidClaims.length === 0 ? NOTHING_TO_DO : { ...NOTHING_TO_DO, invalidClaims };
  }

  #prepare(validator: SessionClaimValidator): Maybe<void> {
    if (validator.children !== undefined) {
      return validator.combine === "anyOf"
        ? this.#prepareAny(validator.children)
        : this.prepareAll(validator.children);
    }
    if (validator.claim === undefined) return undefined;
    const isDue = this.#isDue(validator);
    if (isDue === false) return undefined;
    return chain(isDue, (late) => (late ? this.#fetch(validator) : undefined));
  }

  /** Nothing is fetched if one stands as it is; else from left to right until one does. */
  #prepareAny(children: readonly SessionClaimValidator[]): Maybe<void> {
    return chain(
      someOf(children, (child) => this.#stands(child)),
      (hasOne) =>
        hasOne
          ? undefined
          : chain(
              someOf(children, (child) => chain(this.#prepare(child), () => this.#stands(child))),
              () => undefined,
            ),
    );
  }

  /** Whether a rule holds on what is there, with nothing of it due. */
  #stands(validator: SessionClaimValidator): Maybe<boolean> {
    return chain(this.#hasDue(validator), (hasDue) =>
      hasDue
        ? false
        : chain(
            resultOf(validator, this.#current, this.#question.userContext, this),
            ({ isValid }) => isValid,
          ),
    );
  }

  #hasDue(validator: SessionClaimValidator): Maybe<boolean> {
    if (validator.children === undefined)
      return validator.claim === undefined ? false : this.#isDue(validator);
    const { children } = validator;
    const someIsDue = (): Maybe<boolean> => someOf(children, (child) => this.#hasDue(child));
    if (validator.combine !== "anyOf") return someIsDue();
    return chain(
      someOf(children, (child) => this.#stands(child)),
      (hasOne) => !hasOne && someIsDue(),
    );
  }

  #isDue(validator: FetchingClaimValidator): Maybe<boolean> {
    const { claim } = validator;
    if (claim.policy?.mode === "request" && !Object.hasOwn(this.#question.requestValues, claim.key)) {
      // What a token says of such a claim is from before it was one, or forged by a merge.
      return !this.#fetches?.underWay.has(claim.key);
    }
    const answer = validator.shouldRefetch(this.#current, this.#question.userContext, this);
    if (!isThenable(answer)) return Boolean(answer);
    const what = `\`shouldRefetch\` of the claim validator \`${validator.id}\``;
    return patiently(what, Promise.resolve(answer)).then(Boolean);
  }

  #fetch({ claim, maxAgeInSeconds }: FetchingClaimValidator): Promise<void> {
    this.#fetches ??= { underWay: new Map(), fresh: new Set(), entries: new Map(), wantsNewStamp: new Set() };
    const fetches = this.#fetches;
    if (maxAgeInSeconds !== 0) fetches.wantsNewStamp.add(claim.key);
    const known = fetches.underWay.get(claim.key);
    if (known !== undefined) return known;
    const fetching = this.#fetchOnce(claim, maxAgeInSeconds, fetches);
    fetches.underWay.set(claim.key, fetching);
    return fetching;
  }

  async #fetchOnce(
    claim: SessionClaim<unknown>,
    maxAgeInSeconds: number | undefined,
    fetches: Fetches,
  ): Promise<void> {
    const { dependsOn } = claim.policy;
    if (dependsOn.length > 0) {
      // One turn later all fetches of this evaluation are known.
      await undefined;
      await Promise.all(dependsOn.map(({ key }) => fetches.underWay.get(key)));
    }
    const { userId, recipeUserId, tenantId, sessionHandle, userContext, fetcher } = this.#question;
    let found: FetchedValue;
    try {
      found = await fetcher.fetch(claim, {
        userId,
        recipeUserId,
        tenantId,
        sessionHandle,
        currentPayload: deepFreeze(withoutReservedClaims(this.#current)),
        userContext,
        nowMs: this.nowMs,
        maxAgeInSeconds,
      });
    } catch (error) {
      this.#failed(claim, error, fetches);
      return;
    }
    if (found.value !== undefined) this.#add(claim, found, fetches);
    else if (claim.policy.mode === "request") this.#drop(claim.key);
  }

  #add(claim: SessionClaim<unknown>, { value, stampMs }: FetchedValue, fetches: Fetches): void {
    const { key } = claim;
    const added = checkedPatch(snapshotPayload(`claim ${key}`, claim.addToPayload({}, value, stampMs)));
    const entry = added[key];
    if (claim.mergeEntry !== undefined && entry !== undefined)
      added[key] = claim.mergeEntry(this.#current[key], entry);
    fetches.entries.set(key, { claim, patch: deepFreeze(added) });
    fetches.fresh.add(key);
    this.#current = mergePayload(this.#current, added);
  }

  /** @throws the error, unless the claim's policy knows what to do */
  #failed(claim: SessionClaim<unknown>, error: unknown, fetches: Fetches): void {
    const { onFetchError, maxStaleSeconds } = claim.policy;
    if (onFetchError === "throw" || isVerdict(error)) throw error;
    if (onFetchError === "fail") {
      this.#drop(claim.key);
      return;
    }
    if (claim.getValueFromPayload(this.#current) === undefined) throw error;
    const age = ageInSeconds(claim.getLastRefetchTime(this.#current), this.nowMs) ?? Number.POSITIVE_INFINITY;
    if (age > maxStaleSeconds) throw error;
    fetches.fresh.add(claim.key);
  }

  /** In this evaluation the claim is missing; the token keeps what it has. */
  #drop(key: string): void {
    this.#current = Object.fromEntries(Object.entries(this.#current).filter(([other]) => other !== key));
  }
}

/** What an evaluation has fetched, by claim key. */
interface Fetches {
  readonly underWay: Map<string, Promise<void>>;
  /** Fetched, or old but to be taken as if it had been. */
  readonly fresh: Set<string>;
  readonly entries: Map<string, { claim: SessionClaim<unknown>; patch: JsonObject }>;
  /** To be written even if the value is what it was: its age counts somewhere. */
  readonly wantsNewStamp: Set<string>;
}

/** What nearly every evaluation comes to. */
const NOTHING_TO_DO: ClaimOutcome = Object.freeze({
  invalidClaims: [],
  patch: undefined,
  patchedClaims: [],
  requestValues: undefined,
});

function findings(payload: JsonObject, fetches: Fetches): Omit<ClaimOutcome, "invalidClaims"> {
  let patch: JsonObject | undefined;
  let requestValues: JsonObject | undefined;
  const patchedClaims: SessionClaim<unknown>[] = [];
  for (const [key, { claim, patch: own }] of fetches.entries) {
    if (claim.policy.mode === "request") {
      requestValues = { ...requestValues, ...own };
    } else if (fetches.wantsNewStamp.has(key) || !isSameValue(claim, payload, own)) {
      patch = { ...patch, ...own };
      patchedClaims.push(claim);
    }
  }
  return { patch, patchedClaims, requestValues };
}

/** Where every request fetches anyway, only a new value is worth a write. */
function isSameValue(claim: SessionClaim<unknown>, payload: JsonObject, fetched: JsonObject): boolean {
  const before = claim.getValueFromPayload(payload);
  return before !== undefined && jsonEqual(before, claim.getValueFromPayload(fetched));
}

/** Errors by which a claim says that the session itself is over or incomplete. */
function isVerdict(error: unknown): boolean {
  return SessionError.is(error) && [401, 403].includes(error.status);
}

function isEmpty(values: JsonObject): boolean {
  for (const _ in values) return false;
  return true;
}
