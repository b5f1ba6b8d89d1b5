export type SameSite = "strict" | "lax" | "none";

/** Names and attributes of the tokens on one response, decided per request. */
export interface TokenDress {
  readonly accessCookieName: string;
  readonly refreshCookieName: string;
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
