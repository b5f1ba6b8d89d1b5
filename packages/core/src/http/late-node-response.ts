import { BufferedResponse, type ResponseHead } from "./buffered-response.js";
import type { NodeServerResponse } from "./node-http.js";

type HeaderValue = string | string[];
type WriteHead = (this: unknown, ...args: unknown[]) => unknown;

/**
 * For frameworks that put their own headers on Node's response only when they send: collects what must be told to the
 * client, and writes it right before the head, whoever writes that. Cookies of others stay, also those that stand on
 * Node's response while the framework hands its own to `writeHead`.
 */
export abstract class LateNodeResponse<Native = unknown> extends BufferedResponse<Native> {
  readonly #raw: NodeServerResponse;
  #isWaiting = false;

  constructor(raw: NodeServerResponse) {
    super();
    this.#raw = raw;
  }

  override setHeader(name: string, value: string): void {
    this.#awaitHead();
    super.setHeader(name, value);
  }

  protected override replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    this.#awaitHead();
    super.replaceSetCookie(drop, line);
  }

  /** Only where there is something to write: a response with a method of its own costs more than all of our check. */
  #awaitHead(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const raw = this.#raw;
    const carrier = raw as { writeHead?: WriteHead };
    const { writeHead } = carrier;
    if (writeHead === undefined) return;
    const write = (args: unknown[]): unknown[] => {
      if (raw.headersSent || this.isEmpty) return args;
      const [status, ...rest] = args;
      for (const [name, value] of headersIn(rest.at(-1))) setOn(raw, name, value);
      this.applyTo(headOf(raw));
      return typeof rest[0] === "string" ? [status, rest[0]] : [status];
    };
    carrier.writeHead = function (...args) {
      return writeHead.apply(this, write(args));
    };
  }

  get committed(): boolean {
    return this.#raw.headersSent || this.#raw.writableEnded;
  }

  override get isAbandoned(): boolean {
    return this.#raw.destroyed === true;
  }
}

function headOf(raw: NodeServerResponse): ResponseHead {
  return {
    getHeader(name) {
      const value = raw.getHeader(name);
      return value === undefined ? undefined : String(value);
    },
    setHeader: (name, value) => void raw.setHeader(name, value),
    appendSetCookie: (line) => setOn(raw, "set-cookie", line),
  };
}

function setOn(raw: NodeServerResponse, name: string, value: HeaderValue): void {
  if (name.toLowerCase() !== "set-cookie") {
    raw.setHeader(name, value);
    return;
  }
  const lines = [raw.getHeader(name) ?? [], value].flat().map(String);
  raw.setHeader(name, [...new Set(lines)]);
}

/** What `writeHead` takes: an object, a flat list of names and values, or a list of pairs. */
function headersIn(given: unknown): [name: string, value: HeaderValue][] {
  if (typeof given !== "object" || given === null) return [];
  const entries: unknown[][] = !Array.isArray(given)
    ? Object.entries(given)
    : Array.isArray(given[0])
      ? given
      : given.flatMap((name, index) => (index % 2 === 0 ? [[name, given[index + 1]]] : []));
  const headers = new Map<string, [name: string, value: HeaderValue]>();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.map(String) : String(value);
    const key = String(name).toLowerCase();
    const present = headers.get(key);
    // A name that stands in a list twice is sent twice.
    headers.set(key, [String(name), present === undefined ? text : [present[1], text].flat()]);
  }
  return [...headers.values()];
}
