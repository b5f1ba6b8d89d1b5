import type { JsonObject } from "../runtime/json.js";
import type { Algorithm } from "./platform.js";

/** What WebCrypto wants to know of each algorithm, for keys and for signatures alike. */
export const PARAMETERS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
  EdDSA: { name: "Ed25519" },
} as const;

/** A new key pair as JWKs, by WebCrypto: ES256 on P-256, RS256 with 2048 bits, EdDSA on Ed25519. */
export async function generateKeyPair(
  algorithm: Algorithm,
): Promise<{ publicJwk: JsonObject; privateJwk: JsonObject }> {
  const pair = (await crypto.subtle.generateKey(PARAMETERS[algorithm], true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const [publicJwk, privateJwk] = await Promise.all([
    crypto.subtle.exportKey("jwk", pair.publicKey),
    crypto.subtle.exportKey("jwk", pair.privateKey),
  ]);
  return { publicJwk: keyMembers(publicJwk), privateJwk: keyMembers(privateJwk) };
}

/**
 * The key itself, without what a JWK says of its use (RFC 7517 §4.2–4.5): runtimes write and expect different words
 * there, and what a key may be used for has been checked before.
 */
export function keyMembers(jwk: object): JsonObject {
  const { use: _use, key_ops: _keyOps, alg: _alg, ext: _ext, kid: _kid, ...key } = jwk as JsonObject;
  return key;
}
