/** What the client knows of the access token: the wire contract calls it the front token. */
export interface FrontToken {
  uid: string;
  /** Expiry, milliseconds since the epoch. */
  ate: number;
  up: TokenPayload;
}

interface TokenPayload extends Record<string, unknown> {
  sub: string;
  /** Seconds since the epoch. */
  iat: number;
  exp: number;
  sessionHandle: string;
  /** Names the refresh token without being it. */
  refreshTokenHash1: string;
  /** The refresh token this one came from, until it is used for the first time. */
  parentRefreshTokenHash1: string | null;
}

export function decodeFrontToken(text: string): FrontToken {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as FrontToken;
}

/** The token as the client stored it. Reading it here, unlike asking the client, never causes a refresh. */
export function storedFrontToken(): FrontToken | undefined {
  const value = /(?:^|; )sFrontToken=([^;]+)/.exec(document.cookie)?.[1];
  return value === undefined ? undefined : decodeFrontToken(decodeURIComponent(value));
}
