import { invalidOption } from "./throwers.js";

/**
 * One rule for an option. Written out here since a schema library weighs more than all the rules that need it, and
 * so that each message says what would be right.
 *
 * @param path name of the option, for the message
 * @throws SessionError `INVALID_OPTION`
 */
export type OptionCheck = (value: unknown, path: string) => void;

export function holds(test: (value: unknown) => boolean, message: string): OptionCheck {
  return (value, path) => {
    if (!test(value)) throw invalidOption(path, message);
  };
}

export const isBoolean = holds((value) => typeof value === "boolean", "must be true or false");
export const isFunction = holds((value) => typeof value === "function", "must be a function");
export const isText = holds((value) => typeof value === "string", "must be a string");

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

export function moreThan(min: number, unit: string): OptionCheck {
  return holds(
    (value) => Number.isFinite(value) && (value as number) > min,
    `must be a number of ${unit}, more than ${min}`,
  );
}

export function listOf(what: string): OptionCheck {
  return holds(
    (value) => Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null),
    `must be a list of ${what}`,
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
 * An object with these members and no others; those that are undefined are looked at only if they are required.
 *
 * @param checks   by name
 * @param required names that must be there
 * @param message  what is said of something that is no object
 */
export function shaped(
  checks: Readonly<Record<string, OptionCheck>>,
  required: readonly string[] = [],
  message = "must be an object",
): OptionCheck {
  return (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidOption(path || "options", message);
    }
    const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
    const given = value as Record<string, unknown>;
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(checks, name))
        throw invalidOption(at(name), "there is no such option; check the spelling");
    }
    for (const [name, check] of Object.entries(checks)) {
      if (given[name] !== undefined) check(given[name], at(name));
      else if (required.includes(name)) throw invalidOption(at(name), "is required");
    }
  };
}

/** @param check what the value must be, unless it is `false` */
export function falseOr(check: OptionCheck): OptionCheck {
  return (value, path) => {
    if (value !== false) check(value, path);
  };
}
