import { textFromBase64Url } from "../runtime/encoding.js";
import { isPlainObject, type JsonObject, parseJsonObject } from "../runtime/json.js";

/** What the token says of itself (wire-contract.md 2.1.2). Times are whole seconds (RFC 7519 §2, NumericDate). */
export interface TokenClaims {
  sub: string;
  rsub: string;
  tId: string;
  iat: number;
  exp: number;
  sessionHandle: string;
  /** `hex(sha256(secret of the refresh token this token belongs to))`. */
  refreshTokenHash1: string;
  /** The same of its parent, as long as this token's refresh token has not been promoted; else null. */
  parentRefreshTokenHash1: string | null;
  antiCsrfToken: string | null;
}

/** The whole decoded payload: the token's own claims and the application's, side by side. */
export type AccessTokenPayload = TokenClaims & JsonObject;

/** More than any verifier forgives a clock. */
const DAY_SECONDS = 86_400;

/** The `nbf` of a token that was minted in a transaction of the application, whose end nobody knew. */
export function provisionalFrom(exp: number): number {
  return exp + DAY_SECONDS;
}

/** It is never valid by itself, so that no verifier takes it; whoever has the store goes by the row alone. */
export function isProvisional({ nbf, exp }: AccessTokenPayload): boolean {
  return nbf === provisionalFrom(exp);
}

/** Larger tokens are not looked at (security rule D-01). */
const MAX_ACCESS_TOKEN_LENGTH = 8 * 1024;
const KID = /^[A-Za-z0-9._-]{1,64}$/;
/** A header that names a key, an extension or an encoding of its own is not one of ours (RFC 8725 §3.10). */
const FOREIGN_HEADER_MEMBERS = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"];

/** Header of the tokens we mint. Only version "5" is accepted. */
export function accessTokenHeader(algorithm: string, kid: string): string {
  return JSON.stringify({ alg: algorithm, typ: "JWT", kid, version: "5" });
}

/** A token that has the shape of ours. Nothing in it is verified. */
export interface UnverifiedAccessToken {
  kid: string;
  alg: string;
  payload: AccessTokenPayload;
}

/**
 * The structural check (wire-contract.md 2.1.4): tells our tokens from foreign ones before any signature work.
 *
 * @param token as the client sent it; untrusted
 * @returns undefined when the text is not a token of ours, which counts as "no token"
 */
export function parseAccessToken(token: string): UnverifiedAccessToken | undefined {
  const parts = splitToken(token);
  if (parts === undefined) return undefined;
  const headerText = textFromBase64Url(parts.header);
  const payloadText = textFromBase64Url(parts.payload);
  if (headerText === undefined || payloadText === undefined) return undefined;
  const header = parseJsonObject(headerText);
  if (header?.typ !== "JWT" || header.version !== "5") return undefined;
  if (typeof header.kid !== "string" || !KID.test(header.kid) || typeof header.alg !== "string")
    return undefined;
  if (FOREIGN_HEADER_MEMBERS.some((member) => Object.hasOwn(header, member))) return undefined;
  const payload = asAccessTokenPayload(parseJsonObject(payloadText));
  return payload && { kid: header.kid, alg: header.alg, payload };
}

export interface TokenParts {
  header: string;
  payload: string;
  signature: string;
  /** `header.payload`, which is what was signed (RFC 7515 §5.1). */
  signingInput: string;
}

/** The three segments of a compact JWS (RFC 7515 §3.1), or undefined when there are not exactly three. */
export function splitToken(token: string): TokenParts | undefined {
  if (token.length > MAX_ACCESS_TOKEN_LENGTH) return undefined;
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (
    first < 1 ||
    second < first + 2 ||
    second === token.length - 1 ||
    token.indexOf(".", second + 1) !== -1
  ) {
    return undefined;
  }
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature: token.slice(second + 1),
    signingInput: token.slice(0, second),
  };
}

/** The object as a payload of ours, if every required claim is there with the right type (security rule T-06). */
export function asAccessTokenPayload(value: unknown): AccessTokenPayload | undefined {
  if (!isPlainObject(value)) return undefined;
  const {
    sub,
    rsub,
    tId,
    iat,
    exp,
    nbf,
    sessionHandle,
    refreshTokenHash1,
    parentRefreshTokenHash1,
    antiCsrfToken,
    stt,
  } = value;
  const wellFormed =
    isText(sub) &&
    isText(rsub) &&
    isText(tId) &&
    isText(sessionHandle) &&
    isText(refreshTokenHash1) &&
    Number.isFinite(iat) &&
    Number.isFinite(exp) &&
    (nbf === undefined || Number.isFinite(nbf)) &&
    isTextOrNothing(parentRefreshTokenHash1) &&
    isTextOrNothing(antiCsrfToken) &&
    (stt === undefined || stt === 0);
  return wellFormed ? (value as AccessTokenPayload) : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isTextOrNothing(value: unknown): boolean {
  return value === undefined || value === null || isText(value);
}
