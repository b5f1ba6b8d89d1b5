import type { SecretKeys, SecretRing } from "../keys/secret-ring.js";
import type { Maybe, Platform } from "../platform/platform.js";
import { constantTimeEqual } from "../runtime/encoding.js";

/**
 * Refresh tokens. One is
 *
 *     1.<secret id>.<handle>.<generation>.<"c" | "n">.<secret>.<H1 of the parent | "-">.<tag>
 *
 * `c` says that the token is bound to an anti-CSRF token. The tag is an HMAC over everything before it, so that a
 * token that is not ours is told apart without the store (security rule R-04). The secret of a child is an HMAC of
 * its parent's, so that however often a token is presented, its child is the same (design.md decision 1).
 */
export interface RefreshToken {
  /** Id of the application secret it was made with. */
  secretId: string;
  handle: string;
  /** Number of this token in its session; the first is 0. */
  generation: number;
  boundToAntiCsrf: boolean;
  /** 32 bytes, base64url. */
  secret: string;
  parentHash1: string | null;
}

/** The token as text, with what is derived from it. */
export interface IssuedRefreshToken extends RefreshToken {
  text: string;
  hash1: string;
  /** The token that an anti-CSRF bound session's requests carry, else null. */
  antiCsrfToken: string | null;
}

const MAX_REFRESH_TOKEN_LENGTH = 512;
const VERSION = "1";
const SHAPE =
  /^1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{1,128}\.[0-9]{1,10}\.[cn]\.[A-Za-z0-9_-]{43}\.(?:[0-9a-f]{64}|-)\.[A-Za-z0-9_-]{43}$/;

/** Whether a text has the shape of a refresh token; says nothing about who made it. */
export function looksLikeRefreshToken(text: string): boolean {
  return text.length <= MAX_REFRESH_TOKEN_LENGTH && SHAPE.test(text);
}

/**
 * Whether a text has that shape and names a secret that is not known here, as far as it has been read: another deployment
 * made it, or ours, with a secret that was taken back.
 */
export function isOfUnknownSecret(ring: SecretRing, text: string): boolean {
  return looksLikeRefreshToken(text) && !ring.has(text.split(".")[1] as string);
}

/** `hex(sha256(secret))`: what an access token says of its refresh token. */
export function hash1Of(platform: Platform, secret: string): Maybe<string> {
  return platform.sha256Hex(secret);
}

/** `hex(sha256(H1))`: what the store keeps. */
export function hash2Of(platform: Platform, hash1: string): Maybe<string> {
  return platform.sha256Hex(hash1);
}

/** Writes out a token and signs it. */
export async function sealRefreshToken(
  platform: Platform,
  keys: SecretKeys,
  token: Omit<RefreshToken, "secretId">,
): Promise<IssuedRefreshToken> {
  const flag = token.boundToAntiCsrf ? "c" : "n";
  const body = `${VERSION}.${keys.id}.${token.handle}.${token.generation}.${flag}.${token.secret}.${token.parentHash1 ?? "-"}`;
  const tag = await keys.tag.mac(body);
  return {
    ...token,
    secretId: keys.id,
    text: `${body}.${tag}`,
    hash1: await hash1Of(platform, token.secret),
    antiCsrfToken: token.boundToAntiCsrf ? await antiCsrfTokenOf(keys, token.secret) : null,
  };
}

/**
 * The token behind a text, if this application made it.
 *
 * @param text as the client sent it; untrusted
 * @returns undefined for anything malformed, tampered with, or made with a secret that is not in the ring
 */
export async function openRefreshToken(ring: SecretRing, text: string): Promise<RefreshToken | undefined> {
  if (!looksLikeRefreshToken(text)) return undefined;
  const [, secretId, handle, generation, flag, secret, parent, tag] = text.split(".");
  const keys = await ring.find(secretId as string);
  if (keys === undefined) return undefined;
  const expected = await keys.tag.mac(text.slice(0, text.lastIndexOf(".")));
  if (!constantTimeEqual(expected, tag as string)) return undefined;
  return {
    secretId: keys.id,
    handle: handle as string,
    generation: Number(generation),
    boundToAntiCsrf: flag === "c",
    secret: secret as string,
    parentHash1: parent === "-" ? null : (parent as string),
  };
}

/**
 * The one child a token can have.
 *
 * @param keys the secret the session's row names for this parent, so that every process derives the same child
 */
export async function childOf(
  platform: Platform,
  keys: SecretKeys,
  parent: RefreshToken,
  boundToAntiCsrf: boolean,
): Promise<IssuedRefreshToken> {
  return sealRefreshToken(platform, keys, {
    handle: parent.handle,
    generation: parent.generation + 1,
    boundToAntiCsrf,
    secret: await keys.succession.mac(parent.secret),
    parentHash1: await hash1Of(platform, parent.secret),
  });
}

/** The anti-CSRF token bound to a refresh token: derived, so that it is stable across repeated refreshes. */
export async function antiCsrfTokenOf(keys: SecretKeys, secret: string): Promise<string> {
  return (await keys.antiCsrf.mac(secret)).slice(0, 22);
}
