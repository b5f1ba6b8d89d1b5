import type { FetchingClaimValidator } from "./claim-validator.js";
import { PrimitiveClaim, type PrimitiveValidators } from "./primitive-claim.js";
import type { StampedClaimConfig } from "./stamped-claim.js";

export interface BooleanValidators extends PrimitiveValidators<boolean> {
  isTrue(maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
  isFalse(maxAgeInSeconds?: number, id?: string): FetchingClaimValidator;
}

/** A claim that is true or false. */
export class BooleanClaim extends PrimitiveClaim<boolean> {
  declare readonly validators: BooleanValidators;

  constructor(config: StampedClaimConfig<boolean>) {
    super(config);
    const { hasValue } = this.validators;
    Object.assign(this.validators, {
      isTrue: (maxAgeInSeconds?: number, id?: string) => hasValue(true, maxAgeInSeconds, id),
      isFalse: (maxAgeInSeconds?: number, id?: string) => hasValue(false, maxAgeInSeconds, id),
    } satisfies Omit<BooleanValidators, keyof PrimitiveValidators<boolean>>);
  }

  override isValue(value: unknown): value is boolean {
    return typeof value === "boolean";
  }
}
