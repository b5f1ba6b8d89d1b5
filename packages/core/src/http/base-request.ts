import { printable } from "../runtime/printable.js";
import {
  type DUPLICATED,
  findCookie,
  findCookies,
  findOnlyCookie,
  MAX_COOKIE_HEADER_LENGTH,
} from "./cookie-header.js";

/**
 * A thin view of one request. An adapter subclasses it over the framework's own object and copies nothing. All reads
 * are synchronous; header names are lower-case ASCII.
 */
export abstract class BaseRequest<Native = unknown> {
  /** Exactly what the application passed in. */
  abstract readonly native: Native;
  /** What a JSON body is read from: an object with a parsed `body`, a stream, or a Fetch `Request`. */
  get bodySource(): unknown {
    return this.native;
  }

  /** Upper-case method token. */
  abstract readonly method: string;
  /** Path and query as the client sent them: mount prefix kept, not decoded. A full URL is fine. */
  abstract readonly url: string;
  /**
   * The header as one string. Repeated `cookie` fields are joined with `"; "`, others with `", "`.
   *
   * @param lowerCaseName e.g. `"st-auth-mode"`
   */
  abstract header(lowerCaseName: string): string | undefined;

  /** First value of the cookie. */
  cookie(name: string): string | undefined {
    const header = this.#cookieHeader();
    return header === undefined ? undefined : findCookie(header, name);
  }

  /** All values of the cookie, in the order they were sent. */
  cookieValues(name: string): string[] {
    const header = this.#cookieHeader();
    return header === undefined ? [] : findCookies(header, name);
  }

  /** The value of a cookie that should be there once, or `DUPLICATED`. */
  onlyCookie(name: string): string | typeof DUPLICATED | undefined {
    const header = this.#cookieHeader();
    return header === undefined ? undefined : findOnlyCookie(header, name);
  }

  /** Whether a `Cookie` header was sent that is too large to be looked into. */
  get hasOversizedCookies(): boolean {
    return (this.header("cookie")?.length ?? 0) > MAX_COOKIE_HEADER_LENGTH;
  }

  #cookieHeader(): string | undefined {
    const header = this.header("cookie");
    return header === undefined || header.length > MAX_COOKIE_HEADER_LENGTH ? undefined : header;
  }

  /** Cookies and tokens do not show when a request is logged (security rule L-01). */
  toJSON(): { method: string; path: string } {
    return { method: this.method, path: printable(this.url.split("?", 1)[0] ?? "", 200) };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} ${JSON.stringify(this)}`;
  }

  // Names that user callbacks written for other SDKs of this family expect.

  getMethod(): string {
    return this.method.toLowerCase();
  }

  getOriginalURL(): string {
    return this.url;
  }

  getHeaderValue(name: string): string | undefined {
    return this.header(name.toLowerCase());
  }

  getCookieValue(name: string): string | undefined {
    return this.cookie(name);
  }

  getKeyValueFromQuery(name: string): string | undefined {
    const question = this.url.indexOf("?");
    if (question === -1) return undefined;
    return new URLSearchParams(this.url.slice(question + 1)).get(name) ?? undefined;
  }

  get original(): Native {
    return this.native;
  }
}
