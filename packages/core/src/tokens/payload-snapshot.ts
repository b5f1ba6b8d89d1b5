import { invalidPayload } from "../errors/throwers.js";
import { isPlainObject, type JsonObject } from "../runtime/json.js";
import { printable } from "../runtime/printable.js";

const MAX_DEPTH = 32;
const MAX_KEYS = 1000;
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);
/** Those keys, or an escape that could spell one. */
const MAY_NAME_A_PROTOTYPE = /proto|constructor|\\/;

/** Whether a key could reach a prototype. */
export function isForbiddenKey(key: string): boolean {
  return FORBIDDEN_KEYS.has(key);
}

/**
 * A JSON copy of an object the application handed in, taken once, so that no getter or `toJSON` can change it between
 * the size check, the store and the signature.
 *
 * @param what  how the value is called in messages, e.g. `"access token payload"`
 * @param value null and undefined count as `{}`; members that are undefined are left out
 * @throws SessionError `INVALID_PAYLOAD` for anything JSON cannot carry (BigInt, cycles, functions, NaN, Infinity), for
 *         keys that could reach a prototype, for more than 32 levels or 1000 keys
 */
export function snapshotPayload(what: string, value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isPlainObject(value)) throw invalidPayload(`the ${what} must be a plain object`);
  let text: string;
  try {
    text = JSON.stringify(value, (key, member: unknown) => {
      if (FORBIDDEN_KEYS.has(key)) throw invalidPayload(`the ${what} must not have a key named ${key}`);
      const isNumber = typeof member === "number" || member instanceof Number;
      if (isNumber && !Number.isFinite(Number(member))) {
        throw invalidPayload(`the ${what} holds a number that JSON cannot carry (at \`${printable(key)}\`)`);
      }
      if (typeof member === "function" || typeof member === "symbol") {
        throw invalidPayload(`the ${what} holds a ${typeof member} (at \`${printable(key)}\`)`);
      }
      return member;
    });
  } catch (error) {
    if (error instanceof TypeError) {
      throw invalidPayload(`the ${what} is not JSON: it holds a BigInt or refers to itself`);
    }
    if (error instanceof RangeError)
      throw invalidPayload(`the ${what} is nested deeper than ${MAX_DEPTH} levels`);
    throw error;
  }
  const copy: unknown = JSON.parse(text);
  if (!isPlainObject(copy)) throw invalidPayload(`the ${what} must be a plain object`);
  checkShape(what, copy, 1, { keys: 0 });
  return copy as JsonObject;
}

/**
 * The object in a stored text, without keys that could reach a prototype.
 *
 * @throws Error that says nothing of the text, when it is not the JSON of an object
 */
export function parseStoredJson(text: string): JsonObject {
  let value: unknown;
  try {
    value = MAY_NAME_A_PROTOTYPE.test(text)
      ? JSON.parse(text, (key, member: unknown) => (FORBIDDEN_KEYS.has(key) ? undefined : member))
      : JSON.parse(text);
  } catch {
    // The parser's own message quotes what it read.
    value = undefined;
  }
  if (!isPlainObject(value))
    throw new Error("the store holds a payload or session data that is not a JSON object");
  return value as JsonObject;
}

function checkShape(what: string, value: unknown, depth: number, count: { keys: number }): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw invalidPayload(`the ${what} is nested deeper than ${MAX_DEPTH} levels`);
  const members = Object.values(value);
  count.keys += members.length;
  if (count.keys > MAX_KEYS) throw invalidPayload(`the ${what} has more than ${MAX_KEYS} keys`);
  for (const member of members) checkShape(what, member, depth + 1, count);
}
