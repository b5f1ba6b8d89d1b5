import type { JsonValue } from "../runtime/json.js";

/** The claim is not in the payload, or holds something of another type. */
export type MissingReason = { message: "value does not exist"; actualValue?: undefined } & Expectation;
/** `ageInSeconds` is a fraction; absent when the value carries no time that can be believed. */
export type ExpiredReason = { message: "expired"; ageInSeconds?: number; maxAgeInSeconds: number };
export type WrongValueReason = { message: "wrong value"; actualValue: unknown } & Expectation;
export type CompositeReason =
  | { message: "no alternative satisfied"; failures: { id: string; reason?: unknown }[] }
  | { message: "not all conditions hold"; failures: { id: string; reason?: unknown }[] }
  | { message: "condition must not hold"; id: string };
/** The value does not fit a Standard Schema. */
export type SchemaReason = {
  message: "schema mismatch";
  issues: { message: string; path?: (string | number)[] }[];
};
export type MfaReason =
  | { message: string; factorId: string; ageInSeconds?: number; maxAgeInSeconds?: number }
  | { message: string; oneOf: readonly string[] }
  | { message: string; allOfInAnyOrder: readonly string[] };

/**
 * Why a built-in validator said no. Branch on `message`: "value does not exist", "wrong value" and "expired" are what
 * clients look at, and never change.
 */
export type ClaimFailureReason =
  | MissingReason
  | ExpiredReason
  | WrongValueReason
  | CompositeReason
  | SchemaReason
  | MfaReason
  | { message: string };

/** What was expected, by the name the browser's SDK reads it under (claims.md 1.7). */
export type Expectation = {
  expectedValue?: JsonValue;
  expectedToInclude?: JsonValue;
  expectedToNotInclude?: JsonValue;
  expectedToIncludeAtLeastOneOf?: JsonValue;
  expectedToBeOneOf?: JsonValue;
  expectedMinimum?: number;
  expectedMaximum?: number;
  expectedLabel?: string;
};
