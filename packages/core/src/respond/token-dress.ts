export type SameSite = "strict" | "lax" | "none";

/** The names cookies have with another setting of `cookiePrefixes`. */
export interface OtherCookieNames {
  readonly access: string;
  readonly refresh: string;
}

/** Names and attributes of the tokens on one response, decided per request. */
export interface TokenDress {
  readonly accessCookieName: string;
  readonly refreshCookieName: string;
  /** Cookies of these names are expired where those above are written. */
  readonly otherCookieNames: OtherCookieNames | undefined;
  readonly accessHeaderName: string;
  readonly refreshHeaderName: string;
  readonly accessPath: string;
  readonly refreshPath: string;
  /** Undefined: host-only. */
  readonly domain: string | undefined;
  readonly secure: boolean;
  readonly sameSite: SameSite;
  /** Whether an access token that travels in a cookie is shown to script as well. */
  readonly exposeAccessToken: boolean;
}
