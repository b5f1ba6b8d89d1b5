import { checkOptions, isAnything, isBoolean, shaped } from "../errors/option-check.js";
import { invalidArgument, invalidPayload } from "../errors/throwers.js";
import { jsonEqual } from "../runtime/json.js";
import { DEFINED_POLICY_CHECKS } from "./claim-options.js";
import type { FetchingClaimValidator } from "./claim-validator.js";
import type { PrimitiveArrayValidators } from "./primitive-array-claim.js";
import type { Primitive } from "./primitive-claim.js";
import type { Expectation } from "./reasons.js";
import type { ClaimFetchContext, ClaimPolicyInput } from "./session-claim.js";
import { StampedClaim } from "./stamped-claim.js";
import { schemaValidator, stampedValidator } from "./stamped-validator.js";
import { isStandardSchema, type StandardSchema } from "./standard-schema.js";

/** How fresh a value is kept by its validators. */
export type RefetchPolicy = "missing" | "always" | { readonly maxAge: number };

export interface ClaimDefinition<K extends string, T> {
  /** Top-level key in the payload; the browser knows the claim by it too. */
  readonly key: K;
  /** `undefined` leaves the payload alone. With a `schema`, what it returns is parsed first. */
  readonly fetch: (context: ClaimFetchContext) => T | undefined | Promise<T | undefined>;
  /** What a fetched value must be; a value that is not is treated as a failed fetch. */
  readonly schema?: StandardSchema<T> | undefined;
  /**
   * `refetch`: when validators fetch: `"missing"` (default), `"always"`, or after `{ maxAge }` seconds. The rest is
   * `ClaimPolicy`'s.
   */
  readonly policy?:
    | (Omit<ClaimPolicyInput, "autoAdd"> & { readonly refetch?: RefetchPolicy | undefined })
    | undefined;
  /** Whether the claim is built into every new session, and fetched again at every refresh. Default false. */
  readonly autoAdd?: boolean | undefined;
}

interface CommonValidators<T> {
  /** Deep equality. */
  hasValue(expected: T, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  oneOf(expected: readonly T[], maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** @param label stands in the reason as `expectedLabel` */
  satisfies(
    predicate: (value: T) => boolean,
    label: string,
    maxAgeInSeconds?: number,
    id?: string,
  ): FetchingClaimValidator;
  /** The value fits a Standard Schema. */
  matches(schema: StandardSchema, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

interface NumberValidators {
  gte(minimum: number, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  lte(maximum: number, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

interface ListValidators {
  isEmpty(maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  notEmpty(maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

/** The validators that make sense for a type of value. */
export type ValidatorsOf<T> = CommonValidators<T> &
  ([T] extends [number] ? NumberValidators : unknown) &
  ([T] extends [readonly (infer E extends Primitive)[]]
    ? PrimitiveArrayValidators<E> & ListValidators
    : unknown) &
  ([T] extends [string] ? ListValidators : unknown);

/** `key`, `fetch`, `schema` and `refetch` are checked where they are used. */
const CHECKS = {
  key: isAnything,
  fetch: isAnything,
  schema: isAnything,
  policy: shaped(DEFINED_POLICY_CHECKS),
  autoAdd: isBoolean,
};

/** A claim made by {@link defineClaim}. */
export class DefinedClaim<K extends string, T> extends StampedClaim<T> {
  declare readonly key: K;
  readonly validators: ValidatorsOf<T>;

  constructor(definition: ClaimDefinition<K, T>) {
    const {
      key,
      fetch,
      schema,
      policy = {},
      autoAdd = false,
    } = checkOptions("defineClaim", CHECKS, definition);
    if (typeof fetch !== "function") throw invalidArgument(`claim \`${key}\`: \`fetch\` is missing`);
    if (schema !== undefined && !isStandardSchema(schema)) {
      throw invalidArgument(`claim \`${key}\`: \`schema\` must speak Standard Schema, version 1`);
    }
    const { refetch = "missing", ...rest } = policy;
    super({
      ...rest,
      key,
      autoAdd,
      onSessionRefresh: rest.onSessionRefresh ?? autoAdd,
      defaultMaxAgeInSeconds: maxAgeOf(key, refetch),
      fetchValue: schema === undefined ? fetch : async (context) => parsed(key, schema, await fetch(context)),
    });
    // Checked here once for all types of value; the type says which of them may be called.
    this.validators = allValidators(
      this as unknown as DefinedClaim<K, unknown>,
    ) as unknown as ValidatorsOf<T>;
  }

  override isValue(value: unknown): value is T {
    return value !== undefined;
  }

  /** `validators.hasValue`. */
  is(expected: T, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator {
    return (this.validators as CommonValidators<T>).hasValue(expected, maxAgeInSeconds, id);
  }
}

/**
 * Defines a claim once: key, type, source, freshness, validators (claims.md O-17, O-38). Register it with
 * `createSession({ claims: [plan] })` to have it built into sessions.
 *
 * ```ts
 * const plan = defineClaim<"plan", "free" | "pro">({ key: "plan", fetch: ({ userId }) => planOf(userId) });
 * ```
 *
 * @throws SessionError `INVALID_ARGUMENT`, `INVALID_OPTION`
 */
export function defineClaim<const K extends string, T>(
  definition: ClaimDefinition<K, T>,
): DefinedClaim<K, T> {
  return new DefinedClaim(definition);
}

function maxAgeOf(key: string, refetch: unknown): number | undefined {
  if (refetch === "missing") return undefined;
  if (refetch === "always") return 0;
  const maxAge =
    typeof refetch === "object" && refetch !== null && "maxAge" in refetch ? refetch.maxAge : undefined;
  if (typeof maxAge === "number") return maxAge;
  throw invalidArgument(`claim \`${key}\`: \`refetch\` is "missing", "always" or { maxAge: seconds }`);
}

async function parsed<T>(key: string, schema: StandardSchema<T>, value: unknown): Promise<T | undefined> {
  if (value === undefined) return undefined;
  const result = await schema["~standard"].validate(value);
  if (result.issues !== undefined)
    throw invalidPayload(`the claim \`${key}\` fetched a value that does not fit its schema`);
  return result.value;
}

type AllValidators = CommonValidators<unknown> &
  NumberValidators &
  ListValidators &
  PrimitiveArrayValidators<Primitive>;

function allValidators(claim: StampedClaim<unknown>): AllValidators {
  const rule = (
    passes: (value: unknown) => boolean,
    expected: Expectation,
    maxAgeInSeconds: number | undefined,
    id: string | undefined,
  ): FetchingClaimValidator => stampedValidator(claim, { maxAgeInSeconds, id, expected, passes });
  const list = (passes: (value: unknown[]) => boolean) => (value: unknown) =>
    Array.isArray(value) && passes(value);
  const json = (value: unknown) => value as NonNullable<Expectation["expectedValue"]>;
  return {
    hasValue: (expected, maxAge, id) =>
      rule((value) => jsonEqual(value, expected), { expectedValue: json(expected) }, maxAge, id),
    oneOf: (expected, maxAge, id) =>
      rule(
        (value) => expected.some((one) => jsonEqual(value, one)),
        { expectedToBeOneOf: json([...expected]) },
        maxAge,
        id,
      ),
    satisfies: (predicate, label, maxAge, id) =>
      rule((value) => predicate(value) === true, { expectedLabel: label }, maxAge, id),
    matches: (schema, maxAge, id) => schemaValidator(claim, schema, maxAge, id),
    gte: (minimum, maxAge, id) =>
      rule(
        (value) => typeof value === "number" && value >= minimum,
        { expectedMinimum: minimum },
        maxAge,
        id,
      ),
    lte: (maximum, maxAge, id) =>
      rule(
        (value) => typeof value === "number" && value <= maximum,
        { expectedMaximum: maximum },
        maxAge,
        id,
      ),
    isEmpty: (maxAge, id) => rule((value) => lengthOf(value) === 0, { expectedMaximum: 0 }, maxAge, id),
    notEmpty: (maxAge, id) => rule((value) => (lengthOf(value) ?? 0) > 0, { expectedMinimum: 1 }, maxAge, id),
    includes: (expected, maxAge, id) =>
      rule(
        list((value) => value.includes(expected)),
        { expectedToInclude: expected },
        maxAge,
        id,
      ),
    excludes: (expected, maxAge, id) =>
      rule(
        list((value) => !value.includes(expected)),
        { expectedToNotInclude: expected },
        maxAge,
        id,
      ),
    includesAll: (expected, maxAge, id) =>
      rule(
        list((value) => expected.every((one) => value.includes(one))),
        { expectedToInclude: [...expected] },
        maxAge,
        id,
      ),
    includesAny: (expected, maxAge, id) =>
      rule(
        list((value) => expected.some((one) => value.includes(one))),
        { expectedToIncludeAtLeastOneOf: [...expected] },
        maxAge,
        id,
      ),
    excludesAll: (expected, maxAge, id) =>
      rule(
        list((value) => !expected.some((one) => value.includes(one))),
        { expectedToNotInclude: [...expected] },
        maxAge,
        id,
      ),
  };
}

function lengthOf(value: unknown): number | undefined {
  return typeof value === "string" || Array.isArray(value) ? value.length : undefined;
}
