import { type CookieSpec, isSameCookie, serializeCookie } from "./set-cookie.js";

/** What {@link BaseResponse.finish} sends. */
export interface ResponseBody {
  contentType: string;
  text: string;
}

/**
 * What must be told to the client. An adapter applies it in its framework's way: at once where the response can be
 * written to, later where it does not exist yet.
 */
export abstract class BaseResponse<Native = unknown> {
  /** Exactly what the application passed in. */
  abstract readonly native: Native;
  /** Whether the head has been sent, or the response handed away: nothing can be delivered any more. */
  abstract readonly committed: boolean;
  /** Whether the client has gone away before the head was sent, as far as the host tells. */
  get isAbandoned(): boolean {
    return false;
  }

  /**
   * Whether nothing could ever be delivered here, as in a server component: then a session is only read, and nothing is
   * rotated, promoted or saved.
   */
  get isReadOnly(): boolean {
    return false;
  }

  /** What `READ_ONLY_CONTEXT` says when `isReadOnly`: why nothing can be delivered here, and where it could be. */
  get readOnlyReason(): string {
    return "no response goes out from here (a subscription?); change the session while a request is answered";
  }

  /** The last call before `finish` wins. */
  abstract setStatus(code: number): void;
  abstract setHeader(name: string, value: string): void;
  abstract removeHeader(name: string): void;
  /** The header as set so far; never asked for `set-cookie`. */
  abstract getHeader(name: string): string | undefined;
  /**
   * Removes the `Set-Cookie` lines that `drop` names, then adds `line`, if given. Every other line stays as it is. All
   * that is done to cookies goes through here, also what is taken back: override this, never `setCookie`.
   *
   * @param spec what `line` was made of, unless it is put back
   */
  protected abstract replaceSetCookie(
    drop: (line: string) => boolean,
    line?: string,
    spec?: CookieSpec,
  ): void;
  /**
   * Sends the response with the status and headers set so far. A no-op when `committed`.
   *
   * @returns the framework-native value that ends the chain, if it has one
   */
  abstract finish(body: ResponseBody | null): unknown;

  /** Sets a cookie; an earlier line with the same (name, domain, path) is replaced. */
  setCookie(spec: CookieSpec): void {
    this.replaceSetCookie((line) => isSameCookie(line, spec), serializeCookie(spec), spec);
  }

  /**
   * What sets these headers and cookies back to how they are now, unless what was written meanwhile is kept, or has been
   * sent.
   */
  remember(headers: readonly string[], cookies: readonly string[]): (isKept: boolean) => void {
    const isMeant = (line: string): boolean => cookies.some((name) => line.startsWith(`${name}=`));
    const values = headers.map((name) => this.getHeader(name));
    // A set: whoever writes to two places is asked of both.
    const lines = new Set<string>();
    this.replaceSetCookie((line) => {
      if (isMeant(line)) lines.add(line);
      return false;
    });
    return (isKept) => {
      if (isKept || this.committed) return;
      headers.forEach((name, index) => {
        const value = values[index];
        if (value === undefined) this.removeHeader(name);
        else this.setHeader(name, value);
      });
      this.replaceSetCookie(isMeant);
      for (const line of lines) this.replaceSetCookie(() => false, line);
    };
  }

  /** Adds a token to a comma-separated header unless an equal one (ignoring case) is there already. */
  mergeHeader(name: string, token: string): void {
    const present = this.getHeader(name);
    if (present === undefined || present.trim() === "") {
      this.setHeader(name, token);
      return;
    }
    const wanted = token.toLowerCase();
    if (!present.split(",").some((part) => part.trim().toLowerCase() === wanted)) {
      this.setHeader(name, `${present}, ${token}`);
    }
  }

  /** Tokens do not show when a response is logged (security rule L-01). */
  toJSON(): { committed: boolean } {
    return { committed: this.committed };
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `${this.constructor.name} ${JSON.stringify(this)}`;
  }

  // Names that error handlers written for other SDKs of this family expect.

  setStatusCode(code: number): void {
    this.setStatus(code);
  }

  sendJSONResponse(content: unknown): unknown {
    return this.finish({ contentType: "application/json; charset=utf-8", text: JSON.stringify(content) });
  }

  sendHTMLResponse(html: string): unknown {
    return this.finish({ contentType: "text/html; charset=utf-8", text: html });
  }

  get original(): Native {
    return this.native;
  }
}
