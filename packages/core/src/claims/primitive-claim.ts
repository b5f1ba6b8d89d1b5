import type { FetchingClaimValidator } from "./claim-validator.js";
import { StampedClaim, type StampedClaimConfig } from "./stamped-claim.js";
import { schemaValidator, stampedValidator } from "./stamped-validator.js";
import type { StandardSchema } from "./standard-schema.js";

export type Primitive = string | number | boolean | null;

export interface PrimitiveValidators<T extends Primitive> {
  /** Strict equality. `null` is a value like any other. */
  hasValue(expected: T, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  /** The value fits a Standard Schema (zod, valibot, …). */
  matches(schema: StandardSchema, maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

/** A claim whose value is a string, a number, a boolean or null. */
export class PrimitiveClaim<T extends Primitive = Primitive> extends StampedClaim<T> {
  readonly validators: PrimitiveValidators<T>;

  constructor(config: StampedClaimConfig<T>) {
    super(config);
    this.validators = {
      hasValue: (expected, maxAgeInSeconds, id) =>
        stampedValidator<T>(this, {
          maxAgeInSeconds,
          id,
          expected: { expectedValue: expected },
          passes: (value) => value === expected,
        }),
      matches: (schema, maxAgeInSeconds, id) => schemaValidator<T>(this, schema, maxAgeInSeconds, id),
    };
  }

  override isValue(value: unknown): value is T {
    return isPrimitive(value);
  }
}

/** Whether a value is one that JSON carries without a structure. */
export function isPrimitive(value: unknown): value is Primitive {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}
