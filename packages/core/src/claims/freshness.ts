import { invalidArgument } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import { isPlainObject, ownMember } from "../runtime/json.js";

/** A value stamped further ahead than this was not stamped by a sane clock (claims.md O-4). */
const MAX_AHEAD_MS = 60_000;

/** The age of a value in seconds, a fraction; undefined when its time is missing or cannot be believed. */
export function ageInSeconds(stampMs: number | undefined, nowMs: number): number | undefined {
  if (stampMs === undefined || stampMs > nowMs + MAX_AHEAD_MS) return undefined;
  return (nowMs - stampMs) / 1000;
}

/** @param maxAgeInSeconds undefined and Infinity mean "never too old"; otherwise a value of unknown age is too old */
export function isTooOld(
  stampMs: number | undefined,
  nowMs: number,
  maxAgeInSeconds: number | undefined,
): boolean {
  if (maxAgeInSeconds === undefined || maxAgeInSeconds === Number.POSITIVE_INFINITY) return false;
  const age = ageInSeconds(stampMs, nowMs);
  return age === undefined || age > maxAgeInSeconds;
}

/** The time at which a payload entry was fetched, in milliseconds since the epoch. */
export function stampOf(payload: JsonObject, key: string): number | undefined {
  const entry = ownMember(payload, key);
  return isPlainObject(entry) && typeof entry.t === "number" && Number.isFinite(entry.t)
    ? entry.t
    : undefined;
}

/** @throws SessionError `INVALID_ARGUMENT` for anything but undefined, a number ≥ 0, or Infinity */
export function checkedMaxAge(key: string, maxAgeInSeconds: unknown): number | undefined {
  if (maxAgeInSeconds === undefined) return undefined;
  if (typeof maxAgeInSeconds === "number" && maxAgeInSeconds >= 0) return maxAgeInSeconds;
  throw invalidArgument(
    `claim \`${key}\`: a maximum age is a number of seconds that is not negative, or Infinity`,
  );
}
