import { ADVICE, isShownWhole, PERMANENT } from "./known-errors.js";

const MAX_DEPTH = 6;
const MAX_TEXT_LENGTH = 600;
const MAX_FRAMES = 12;
const KEPT_BACK = "(its text is kept back: it may hold values)";
/** Numbers by which systems and servers name their errors. */
const NUMBERS = ["errno", "errcode", "port"] as const;

/**
 * What a store or a driver threw, as a copy that an operator may read wherever it ends up: drivers put statements, values
 * and addresses with passwords into their errors (security rules L-01, L-03). Names and codes are there, the stack's
 * places, and the texts that are known to name things only, or are a store's own (`isPermanent` is true or false).
 */
export class StoreCause extends Error {
  /** The name of the original. */
  override readonly name: string;
  /** E.g. `ECONNREFUSED`, an SQLSTATE, `ER_ACCESS_DENIED_ERROR`; undefined when it had none. */
  readonly code: string | undefined;
  /** Whether somebody has to mend something: it does not pass by itself. */
  readonly isPermanent: boolean;
  /** What to do about it, where that is known. */
  readonly advice: string | undefined;

  constructor(error: unknown, depth = 0) {
    const { text, isOwnText } = textOf(error);
    const inner = depth < MAX_DEPTH ? innerOf(error) : undefined;
    const cause = inner === undefined ? undefined : new StoreCause(inner, depth + 1);
    // One that says nothing, as where several addresses were tried, speaks through what is inside.
    const innerText = cause?.shownText;
    const isSilent = member(error, "message") === "" && innerText !== undefined;
    super(
      isSilent ? innerText : (text ?? innerText ?? KEPT_BACK),
      cause === undefined ? undefined : { cause },
    );
    this.name = nameOf(error);
    const code = codeOf(error);
    this.code = code ?? cause?.code;
    const said = member(error, "isPermanent");
    const known = this.code !== undefined && PERMANENT.has(this.code);
    this.isPermanent = typeof said === "boolean" ? said : (cause?.isPermanent ?? false) || known;
    // A store's own text says itself what to do.
    this.advice = isOwnText ? undefined : (cause?.advice ?? (this.code && ADVICE[this.code]));
    this.stack = [`${this.name}: ${this.message}`, ...framesOf(error)].join("\n");
    for (const name of NUMBERS) {
      const value = member(error, name);
      if (typeof value === "number") Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  /** The text, unless it was kept back. */
  get shownText(): string | undefined {
    return this.message === KEPT_BACK ? undefined : this.message;
  }
}

function textOf(error: unknown): { text: string | undefined; isOwnText: boolean } {
  const message = member(error, "message");
  if (typeof message !== "string" || message === "") return { text: systemText(error), isOwnText: false };
  if (typeof member(error, "isPermanent") === "boolean" && message !== codeText(error)) {
    return { text: printed(message), isOwnText: true };
  }
  if (member(error, "name") === "StoreTimeout") return { text: printed(message), isOwnText: false };
  const code = codeOf(error);
  const isNamedByCode = code !== undefined && message === codeText(error);
  if (isNamedByCode) return { text: undefined, isOwnText: false };
  const system = systemText(error);
  if (system !== undefined) return { text: system, isOwnText: false };
  return { text: isShownWhole(message, code) ? printed(message) : undefined, isOwnText: false };
}

/** `PostgreSQL: 28P01`, as our stores name what they pass on: what is inside it says more. */
function codeText(error: unknown): string | undefined {
  const message = member(error, "message");
  const code = codeOf(error);
  if (typeof message !== "string" || code === undefined) return undefined;
  return /^[A-Za-z]{1,20}: /.test(message) && message.endsWith(`: ${code}`) ? message : undefined;
}

/** Put together from members, since the text of such an error may be anybody's. */
function systemText(error: unknown): string | undefined {
  const code = codeOf(error);
  const syscall = member(error, "syscall");
  if (code === undefined || !/^E[A-Z0-9]{2,20}$|^EAI_[A-Z]+$/.test(code)) return undefined;
  if (typeof syscall !== "string" || !/^[a-z]{1,20}$/.test(syscall)) return code;
  const where = ["address", "hostname"]
    .map((name) => member(error, name))
    .find((value) => typeof value === "string" && /^[\w.:%-]{1,200}$/.test(value));
  const port = member(error, "port");
  return [syscall, code, where && `${String(where)}${typeof port === "number" ? `:${port}` : ""}`]
    .filter(Boolean)
    .join(" ");
}

/** The error behind this one. Of several that were tried (one per address), the first stands for all. */
function innerOf(error: unknown): unknown {
  const cause = member(error, "cause");
  if (cause !== undefined && cause !== null) return cause;
  const errors = member(error, "errors");
  return Array.isArray(errors) ? (errors[0] as unknown) : undefined;
}

function nameOf(error: unknown): string {
  const name = member(error, "name");
  return typeof name === "string" && /^[A-Za-z0-9_]{1,40}$/.test(name) ? name : "Error";
}

function codeOf(error: unknown): string | undefined {
  const code = member(error, "code");
  if (typeof code === "string" && /^[A-Za-z0-9_]{1,40}$/.test(code)) return code;
  // Redis says it in the first word, and its clients have no other place for it.
  const message = member(error, "message");
  const word = typeof message === "string" ? /^([A-Z]{3,20})(?: |$)/.exec(message)?.[1] : undefined;
  if (word !== undefined && isShownWhole("", word)) return word;
  return member(error, "name") === "StoreTimeout" ? "TIMEOUT" : undefined;
}

/** Where it was thrown, without the text that stands in front of it. */
function framesOf(error: unknown): string[] {
  const stack = member(error, "stack");
  if (typeof stack !== "string") return [];
  const message = member(error, "message");
  const end = typeof message === "string" ? stack.indexOf(message) + message.length : 0;
  return stack
    .slice(Math.max(0, end))
    .split("\n")
    .filter((line) => /^\s+at [^\n]{1,300}$/.test(line))
    .slice(0, MAX_FRAMES);
}

/** Without control characters, and without the password of an address. */
function printed(text: string): string {
  return text
    .replace(/\/\/\S*@/g, "//…@")
    .replace(/(password|pwd|secret)=[^\s&;]*/gi, "$1=…")
    .replace(/[\p{Cc}\u2028\u2029]+/gu, " ")
    .slice(0, MAX_TEXT_LENGTH);
}

/** Reading may throw: a getter is code too. */
function member(error: unknown, name: string): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  try {
    return (error as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
