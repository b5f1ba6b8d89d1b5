import { invalidOption } from "../errors/throwers.js";
import { isThenable } from "../runtime/aside.js";
import { patiently } from "../runtime/patience.js";
import { answeredAtOnce } from "./answered-at-once.js";

/**
 * What an override makes of our functions. Those that it replaced may throw at once, return a promise of any make or
 * never settle: callers see a promise that settles.
 *
 * @param option for messages
 * @throws SessionError `INVALID_OPTION` when the override is asynchronous, or returns no functions
 */
export function overridden<F extends object>(
  option: string,
  original: F,
  override: ((original: F) => F) | undefined,
): F {
  const given = override === undefined ? original : answeredAtOnce(option, override(original));
  if (given === undefined || given === null || given === original) return original;
  if (typeof given !== "object") throw invalidOption(option, "must return the functions");
  // By our names, since the application may hand out an object of a class.
  const members = Object.entries(original).map(([name, ours]: [string, unknown]) => {
    const member: unknown = Reflect.get(given, name);
    const isReplaced = typeof member === "function" && member !== ours;
    return [name, isReplaced ? settling(`${option}: ${name}`, given, member) : member];
  });
  return Object.fromEntries(members) as F;
}

/** Called on the object it belongs to, so that `this` is what the application expects. */
function settling(what: string, owner: object, member: object) {
  return (...given: unknown[]): unknown => {
    const answer: unknown = Reflect.apply(member as (...given: unknown[]) => unknown, owner, given);
    return isThenable(answer) ? patiently(what, Promise.resolve(answer)) : answer;
  };
}
