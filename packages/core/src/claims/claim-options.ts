import {
  atLeast,
  holds,
  isAnything,
  isBoolean,
  isNonEmptyText,
  listOf,
  type OptionCheck,
  type OptionChecks,
  oneOf,
} from "../errors/option-check.js";

const isAge = holds(
  (value) => typeof value === "number" && value >= 0,
  "must be a number of seconds that is not negative, or Infinity",
);

/** Every member of a claim's policy has its line: `SessionClaim` holds the type to it. */
export const POLICY_CHECKS = {
  mode: oneOf("token", "request"),
  autoAdd: isBoolean,
  onSessionRefresh: isBoolean,
  onFetchError: oneOf("throw", "stale", "fail"),
  maxStaleSeconds: isAge,
  fetchTimeoutMs: isAge,
  dependsOn: listOf("claims"),
  clientRefreshable: isBoolean,
  minRefetchSeconds: isAge,
};

/** Of the base classes; `key` and `fetchValue` are checked where they are used. */
export const STAMPED_CHECKS = {
  ...POLICY_CHECKS,
  key: isAnything,
  fetchValue: isAnything,
  defaultMaxAgeInSeconds: isAge,
};

/** Of `defineClaim`'s `policy`, whose `autoAdd` stands beside it. */
export const DEFINED_POLICY_CHECKS: OptionChecks = { ...without("autoAdd"), refetch: isAnything };

/** Of a ready-made claim's `policy`. */
export const READY_MADE_POLICY_CHECKS: OptionChecks = without("autoAdd", "mode");

function without(...names: (keyof typeof POLICY_CHECKS)[]): OptionChecks {
  return Object.fromEntries(
    Object.entries(POLICY_CHECKS).filter(([name]) => !names.some((one) => one === name)),
  );
}

export const isSeconds: OptionCheck = atLeast(0, "seconds");
export const isListOfNames: OptionCheck = (value, path) => {
  holds(Array.isArray, "must be a list of names")(value, path);
  for (const name of value as unknown[]) isNonEmptyText(name, path);
};
