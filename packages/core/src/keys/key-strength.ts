import { fromBase64Url } from "../runtime/encoding.js";
import type { JsonObject } from "../runtime/json.js";
import type { SigningAlgorithm } from "../store/session-store.js";

const RSA_MODULUS_BITS = new Set([2048, 3072, 4096]);

/**
 * Whether a public JWK is one that may verify tokens (security rule K-01): the key type that the algorithm needs, an
 * RSA modulus of exactly 2048, 3072 or 4096 bits with an odd exponent of at least 65537, P-256, or Ed25519; and
 * `use`, `key_ops` and `alg`, where present, agree. That a point lies on its curve is checked at import.
 */
export function isStrongKey(jwk: JsonObject, algorithm: SigningAlgorithm): boolean {
  if (jwk.use !== undefined && jwk.use !== "sig") return false;
  if (jwk.alg !== undefined && jwk.alg !== algorithm) return false;
  if (jwk.key_ops !== undefined && !(Array.isArray(jwk.key_ops) && jwk.key_ops.includes("verify")))
    return false;
  switch (algorithm) {
    case "ES256":
      return jwk.kty === "EC" && jwk.crv === "P-256";
    case "EdDSA":
      return jwk.kty === "OKP" && jwk.crv === "Ed25519";
    case "RS256":
      return jwk.kty === "RSA" && RSA_MODULUS_BITS.has(bitLength(jwk.n)) && isGoodExponent(jwk.e);
  }
}

function bitLength(text: unknown): number {
  const bytes = typeof text === "string" ? fromBase64Url(text) : undefined;
  if (bytes === undefined) return 0;
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first === -1) return 0;
  return (bytes.length - first) * 8 - Math.clz32(bytes[first] as number) + 24;
}

function isGoodExponent(text: unknown): boolean {
  const bytes = typeof text === "string" ? fromBase64Url(text) : undefined;
  if (bytes === undefined || bytes.length > 8) return false;
  const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return value >= 65537n && value % 2n === 1n;
}
