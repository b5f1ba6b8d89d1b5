/** Any value that survives `JSON.stringify` and `JSON.parse` unchanged. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Deeper than this no reason is shown. */
const MAX_DEPTH = 32;

/** The object a JSON text stands for, or undefined when the text is not JSON or not an object (arrays are not). */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object's own member; what it inherits counts as absent, so that `toString` is no claim (security rule P-02). */
export function ownMember(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Freezes a JSON value at every depth, so that it can be shared between requests. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

/**
 * A value as it can be written as JSON, whatever it is: itself, if it can; else a copy with big integers as texts and
 * without what refers back to itself; else, where a `toJSON` or a getter throws, its message alone.
 */
export function jsonCopyable(value: unknown): unknown {
  try {
    JSON.stringify(value);
    return value;
  } catch {
    // Tried again below.
  }
  try {
    return withoutCycles(value, []);
  } catch {
    return { message: "the reason cannot be written as JSON" };
  }
}

function withoutCycles(value: unknown, above: readonly object[]): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (above.includes(value) || above.length === MAX_DEPTH) return undefined;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return withoutCycles(Reflect.apply(toJSON, value, []), [...above, value]);
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((member) => withoutCycles(member, inside) ?? null);
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withoutCycles(member, inside)]),
  );
}

/** Whether two JSON values are equal, the order of keys not counting. */
export function jsonEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((v, i) => jsonEqual(v, b[i]))
    );
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
  );
}
