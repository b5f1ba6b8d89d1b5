import { BaseResponse, type ResponseBody } from "./base-response.js";

/** The head of a response that exists by now, as {@link BufferedResponse.applyTo} needs it. */
export interface ResponseHead {
  getHeader(name: string): string | undefined;
  setHeader(name: string, value: string): void;
  /** Adds one `Set-Cookie` line and leaves the others alone. */
  appendSetCookie(line: string): void;
}

const NONE: readonly string[] = [];

/** A header that is a set of tokens: what the application put there stays. */
const LISTS = new Set(["access-control-expose-headers", "vary"]);

/**
 * For frameworks whose response does not exist yet while the session is being worked on, or is thrown away on an error:
 * collects what must be told to the client, and applies it when the response is there.
 */
export abstract class BufferedResponse<Native = unknown> extends BaseResponse<Native> {
  #status: number | undefined;
  /** By lower-case name; undefined as long as nothing was told, as for most requests. */
  #headers: Map<string, { name: string; value: string }> | undefined;
  #setCookies: readonly string[] = NONE;

  /** The status that was set here, if any. */
  get status(): number | undefined {
    return this.#status;
  }

  /** Whether there is anything to apply. */
  get isEmpty(): boolean {
    return (this.#headers === undefined || this.#headers.size === 0) && this.#setCookies.length === 0;
  }

  setStatus(code: number): void {
    this.#status = code;
  }

  setHeader(name: string, value: string): void {
    this.#headers ??= new Map();
    this.#headers.set(name.toLowerCase(), { name, value });
  }

  removeHeader(name: string): void {
    this.#headers?.delete(name.toLowerCase());
  }

  getHeader(name: string): string | undefined {
    return this.#headers?.get(name.toLowerCase())?.value;
  }

  protected replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    const kept = this.#setCookies.filter((other) => !drop(other));
    this.#setCookies = line === undefined ? kept : [...kept, line];
  }

  /**
   * Writes everything onto a head and forgets it, so that nothing is written twice. Lists of tokens are merged; a
   * `Cache-Control` of the application that is as strict as ours stays; every other header of ours replaces.
   */
  applyTo(head: ResponseHead): void {
    for (const [key, { name, value }] of this.#headers ?? []) {
      const present = head.getHeader(name);
      if (present !== undefined && LISTS.has(key)) head.setHeader(name, mergeTokens(present, value));
      else if (key !== "cache-control" || !present?.toLowerCase().includes("no-store"))
        head.setHeader(name, value);
    }
    for (const line of this.#setCookies) head.appendSetCookie(line);
    this.#headers = undefined;
    this.#setCookies = NONE;
  }

  abstract override finish(body: ResponseBody | null): unknown;
}

function mergeTokens(present: string, added: string): string {
  const tokens = present.split(",").map((token) => token.trim());
  const known = new Set(tokens.map((token) => token.toLowerCase()));
  for (const token of added.split(",").map((text) => text.trim())) {
    if (!known.has(token.toLowerCase())) tokens.push(token);
  }
  return tokens.filter((token) => token !== "").join(", ");
}
