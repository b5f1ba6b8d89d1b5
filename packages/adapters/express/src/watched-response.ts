import { consoleLogger, type Logger, safeLogger } from "@acme/session-core";
import { isProduction, NodeResponse } from "@acme/session-core/adapter";
import type { ExpressResponse } from "./express-types.js";

type WriteHead = (this: unknown, ...args: unknown[]) => unknown;

/**
 * How responses are looked at. In development, those that get a cookie of ours are watched until their head is
 * written: `res.writeHead(200, { "Set-Cookie": … })` replaces every cookie set before (EX-09), and nothing else would
 * tell.
 *
 * @param isWanted default true; nothing is watched in production
 */
export function lostCookieWarning(
  isWanted: boolean | undefined,
  logger: Logger | undefined,
): (res: ExpressResponse) => NodeResponse {
  if (isWanted === false || isProduction()) return (res) => new NodeResponse(res);
  let hasWarned = false;
  const warn = (names: string): void => {
    if (hasWarned) return;
    hasWarned = true;
    safeLogger(logger ?? consoleLogger).warn(
      `A response went out without the session's cookies (${names}): setting the Set-Cookie header by hand ` +
        'replaced them. Use res.cookie() or res.appendHeader("Set-Cookie", …), and leave Set-Cookie out of res.writeHead().',
    );
  };
  return (res) => new WatchedResponse(res, warn);
}

class WatchedResponse extends NodeResponse<ExpressResponse> {
  readonly #warn: (names: string) => void;
  /** The lines that must go out. */
  #ours: string[] | undefined;

  constructor(native: ExpressResponse, warn: (names: string) => void) {
    super(native);
    this.#warn = warn;
  }

  protected override replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    super.replaceSetCookie(drop, line);
    if (this.committed) return;
    if (this.#ours === undefined) this.#watch();
    const kept = (this.#ours ?? []).filter((other) => !drop(other));
    this.#ours = line === undefined ? kept : [...kept, line];
  }

  #watch(): void {
    const native = this.native as { writeHead?: unknown; getHeader: ExpressResponse["getHeader"] };
    const writeHead = native.writeHead;
    if (typeof writeHead !== "function") return;
    const check = (args: readonly unknown[]): void => {
      const sent = new Set(linesOf(setCookieOf(args.at(-1)) ?? native.getHeader("set-cookie")));
      const lost = (this.#ours ?? []).filter((line) => !sent.has(line));
      if (lost.length > 0) this.#warn(lost.map((line) => line.slice(0, line.indexOf("="))).join(", "));
    };
    const watched: WriteHead = function (...args) {
      check(args);
      return Reflect.apply(writeHead, this, args);
    };
    native.writeHead = watched;
  }
}

/** The Set-Cookie header among `writeHead`'s: an object, or a flat list of names and values, or a list of pairs. */
function setCookieOf(headers: unknown): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const entries: [unknown, unknown][] = !Array.isArray(headers)
    ? Object.entries(headers)
    : Array.isArray(headers[0])
      ? headers
      : headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : []));
  const values = entries
    .filter(([name]) => String(name).toLowerCase() === "set-cookie")
    .flatMap(([, value]) => value);
  return values.length === 0 ? undefined : values;
}

function linesOf(value: unknown): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}
