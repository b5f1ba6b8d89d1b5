import { invalidOption } from "./throwers.js";

/**
 * One rule for an option. Written out here since a schema library weighs more than all the rules that need it, and
 * so that each message says what would be right.
 *
 * @param path name of the option, for the message
 * @returns what counts in place of the value, where that is another object
 * @throws SessionError `INVALID_OPTION`
 */
export type OptionCheck = (value: unknown, path: string) => unknown;

/** The rules of a function's options, by name. */
export type OptionChecks = Readonly<Record<string, OptionCheck>>;

/**
 * Checks the options of one function: an object, no unknown name, each value as its rule says. Undefined counts as not
 * given.
 *
 * @param where    name of the function, which stands before each option in messages; `""` for none
 * @param required names that must be there
 * @returns what they say, in a frozen object of ours, each read once: getters and inherited members are its own, so that a
 *          copy of it loses nothing. Only this may be used from then on
 * @throws SessionError `INVALID_OPTION`, naming the option and, for a name that is nearly right, the right one
 */
export function checkOptions<O>(
  where: string,
  checks: OptionChecks,
  given: O,
  required: readonly string[] = [],
): O {
  return shaped(checks, required)(given, where) as O;
}

export function holds(test: (value: unknown) => boolean, message: string): OptionCheck {
  return (value, path) => {
    if (!test(value)) throw invalidOption(path, message);
  };
}

export const isBoolean = holds((value) => typeof value === "boolean", "must be true or false");
export const isFunction = holds((value) => typeof value === "function", "must be a function");
export const isText = holds((value) => typeof value === "string", "must be a string");
/** For what stands in a list or a path somewhere: an empty one would be no name. */
export const isNonEmptyText = holds(
  (value) => typeof value === "string" && value !== "",
  "must be a string, and not empty",
);

/** For options that others check, or that may be anything. */
export const isAnything: OptionCheck = () => {};

export function oneOf(...values: readonly string[]): OptionCheck {
  return holds(
    (value) => values.includes(value as string),
    `must be one of ${values.map((value) => `"${value}"`).join(", ")}`,
  );
}

export function between(min: number, max: number, unit: string): OptionCheck {
  return holds(
    (value) => typeof value === "number" && value >= min && value <= max,
    `must be ${min} to ${max} ${unit}`,
  );
}

/** A whole number, of things that cannot be halved. */
export function wholeBetween(min: number, max: number, unit: string): OptionCheck {
  return holds(
    (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
    `must be a whole number, ${min} to ${max} ${unit}`,
  );
}

export function moreThan(min: number, unit: string): OptionCheck {
  return holds(
    (value) => Number.isFinite(value) && (value as number) > min,
    `must be a number of ${unit}, more than ${min}`,
  );
}

/** A number, and no less; `Infinity` where that makes sense of the option is for the caller to allow. */
export function atLeast(min: number, unit: string): OptionCheck {
  return holds(
    (value) => Number.isFinite(value) && (value as number) >= min,
    `must be a number of ${unit}, at least ${min}`,
  );
}

export function listOf(what: string): OptionCheck {
  return (value, path) => {
    for (const item of Array.isArray(value) ? value : [value, undefined]) {
      if (typeof item === "function")
        throw invalidOption(path, `${item.name || "one"} is a function: call it`);
      if (typeof item !== "object" || item === null) throw invalidOption(path, `must be a list of ${what}`);
    }
  };
}

/** A list of names that is not empty, as an empty one would ask for nothing. */
export function namesOf(what: string): OptionCheck {
  return holds(
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => typeof name === "string" && name !== ""),
    `must be a list of ${what}, at least one`,
  );
}

/** An implementation of the application's own: the error names what it needs. */
export function having(...methods: readonly string[]): OptionCheck {
  return holds(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === "function"),
    `must be an object with the methods ${methods.join(", ")}`,
  );
}

/**
 * An object with these members and no others; those that are undefined are looked at only if they are required. What
 * counts from then on is what the check returns: {@link checkOptions} says why.
 *
 * @param checks   by name
 * @param required names that must be there
 * @param message  what is said of something that is no object
 */
export function shaped(
  checks: OptionChecks,
  required: readonly string[] = [],
  message = "must be an object",
): OptionCheck {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidOption(path || "options", `${message}, not ${kindOf(value)}`);
    }
    if (typeof (value as { then?: unknown }).then === "function") {
      throw invalidOption(path || "options", `${message}, not a promise of one: \`await\` it first`);
    }
    const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
    const known = Object.keys(checks);
    const given = plainOptions(value, known);
    for (const name in given) {
      if (!Object.hasOwn(checks, name)) throw noSuchOption(at(name), name, known);
    }
    for (const name of known) {
      if (given[name] !== undefined) given[name] = checks[name]?.(given[name], at(name)) ?? given[name];
      else if (required.includes(name)) throw invalidOption(at(name), "is required");
    }
    return Object.freeze(given);
  };
}

/**
 * All that an object of options says, in a plain one: its own members, inherited ones, and those of its class, whose
 * methods keep their `this`. A proxy may have known names without telling them.
 */
function plainOptions(given: object, known: readonly string[]): Record<string, unknown> {
  const source = given as Record<string, unknown>;
  // Without a prototype, so that `__proto__` is a name like any other.
  const plain: Record<string, unknown> = Object.assign(Object.create(null), given);
  let from: object | null = given;
  for (;;) {
    from = Object.getPrototypeOf(from) as object | null;
    // Object's own, of any realm: a test runner's, say.
    if (from === null || Object.hasOwn(from, "isPrototypeOf")) break;
    for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      if (name in plain || name === "constructor") continue;
      const value = source[name];
      const isMethod = !member.enumerable && "value" in member && typeof value === "function";
      plain[name] = isMethod ? value.bind(given) : value;
    }
  }
  for (const name of known) {
    const value = name in plain ? undefined : source[name];
    if (value !== undefined) plain[name] = value;
  }
  return plain;
}

/** @param check what the value must be, unless it is `false` */
export function falseOr(check: OptionCheck): OptionCheck {
  return (value, path) => (value === false ? value : check(value, path));
}

/** What something is that is no object of options; never what is in it. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}

/** Up to so many names a message lists them all. */
const MAX_LISTED = 12;

/**
 * What is thrown for a name that is none.
 *
 * @param path  the name as messages give it, with what it stands below
 * @param known the names that there are
 */
export function noSuchOption(path: string, name: string, known: readonly string[]): Error {
  const near = nearestName(name, known);
  if (near !== undefined) {
    return invalidOption(path, `there is no such option; did you mean \`${near}\`?`);
  }
  const advice =
    known.length <= MAX_LISTED
      ? `it takes ${known.map((one) => `\`${one}\``).join(", ")}`
      : "check the spelling";
  return invalidOption(path, `there is no such option; ${advice}`);
}

/** The known name that was probably meant: its beginning, another case, a slip of the keyboard, a part, an abbreviation. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  let best: string | undefined;
  let bestSlips = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const wanted = candidate.toLowerCase();
    // Of two names with the same beginning, the first.
    const isBeginning = given.length >= 4 && wanted.startsWith(given);
    const slips = isBeginning ? 0 : slipsBetween(given, wanted);
    const isNear =
      slips <= Math.max(1, Math.floor(wanted.length / 4)) ||
      (given.length >= 4 && (wanted.includes(given) || isAbbreviation(given, wanted))) ||
      (wanted.length >= 4 && given.includes(wanted));
    if (isNear && slips < bestSlips) [best, bestSlips] = [candidate, slips];
  }
  return best;
}

/** Letters to add, drop, replace, or swap with the next. Names are short, and this runs before an error only. */
function slipsBetween(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : replaced;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? 0;
}

/** `checkdb` of `checkdatabase`: its letters in order, from the first one on. */
function isAbbreviation(short: string, long: string): boolean {
  if (short[0] !== long[0]) return false;
  let at = 0;
  for (const letter of long) if (letter === short[at]) at += 1;
  return at === short.length;
}
