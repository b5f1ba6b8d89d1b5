import { invalidArgument } from "../errors/throwers.js";
import type { JsonValue } from "../runtime/json.js";
import type { FetchingClaimValidator } from "./claim-validator.js";
import { isPrimitive, type Primitive } from "./primitive-claim.js";
import type { Expectation } from "./reasons.js";
import { StampedClaim, type StampedClaimConfig } from "./stamped-claim.js";
import { schemaValidator, stampedValidator } from "./stamped-validator.js";
import type { StandardSchema } from "./standard-schema.js";

export interface PrimitiveArrayValidators<T extends Primitive> {
  includes(expected: T, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** A missing value fails too: unknown is not "does not have". */
  excludes(expected: T, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** `[]` passes. */
  includesAll(expected: readonly T[], maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** `[]` fails. */
  includesAny(expected: readonly T[], maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** `[]` passes. */
  excludesAll(expected: readonly T[], maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** The list fits a Standard Schema (zod, valibot, …). */
  matches(schema: StandardSchema, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

/** How a claim of another making tests for one member; default: it stands in the list. */
export type HasMember<T> = (list: readonly T[], member: T) => boolean;

/** A claim whose value is a list of strings, numbers, booleans or nulls. */
export class PrimitiveArrayClaim<T extends Primitive = Primitive> extends StampedClaim<T[]> {
  readonly validators: PrimitiveArrayValidators<T>;

  constructor(config: StampedClaimConfig<T[]>, has: HasMember<T> = (list, member) => list.includes(member)) {
    super(config);
    type Rule = {
      expected: Expectation;
      expectedIfMissing?: Expectation;
      passes(list: readonly T[]): boolean;
    };
    const validator = (rule: Rule, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator =>
      stampedValidator<T[]>(this, { ...rule, maxAgeInSeconds, id });
    const some = (expected: readonly T[]): JsonValue[] => listOf(config.key, expected);
    this.validators = {
      matches: (schema, maxAge, id) => schemaValidator<T[]>(this, schema, maxAge, id),
      includes: (expected, maxAge, id) =>
        validator(
          { expected: { expectedToInclude: expected }, passes: (list) => has(list, expected) },
          maxAge,
          id,
        ),
      excludes: (expected, maxAge, id) =>
        validator(
          { expected: { expectedToNotInclude: expected }, passes: (list) => !has(list, expected) },
          maxAge,
          id,
        ),
      includesAll: (expected, maxAge, id) =>
        validator(
          {
            expected: { expectedToInclude: some(expected) },
            passes: (list) => expected.every((member) => has(list, member)),
          },
          maxAge,
          id,
        ),
      // The browser's twin names a missing list differently from a wrong one: both names are given (claims.md O-6).
      includesAny: (expected, maxAge, id) =>
        validator(
          {
            expected: { expectedToIncludeAtLeastOneOf: some(expected) },
            expectedIfMissing: {
              expectedToIncludeAtLeastOneOf: some(expected),
              expectedToInclude: some(expected),
            },
            passes: (list) => expected.some((member) => has(list, member)),
          },
          maxAge,
          id,
        ),
      excludesAll: (expected, maxAge, id) =>
        validator(
          {
            expected: { expectedToNotInclude: some(expected) },
            passes: (list) => !expected.some((member) => has(list, member)),
          },
          maxAge,
          id,
        ),
    };
  }

  override isValue(value: unknown): value is T[] {
    return Array.isArray(value) && value.every(isPrimitive);
  }
}

function listOf(key: string, expected: unknown): JsonValue[] {
  if (Array.isArray(expected) && expected.every(isPrimitive)) return [...expected];
  throw invalidArgument(`claim \`${key}\`: this validator takes a list`);
}
