import type { JsonObject } from "../runtime/json.js";
import type { Algorithm } from "./platform.js";

/** A new key pair as JWKs, by jose over WebCrypto: ES256 on P-256, RS256 with 2048 bits, EdDSA on Ed25519. */
export async function generateKeyPair(
  algorithm: Algorithm,
): Promise<{ publicJwk: JsonObject; privateJwk: JsonObject }> {
  // Loaded when a key is made and not before: on Node nothing else needs it, and it is a third of the start-up time.
  const { exportJWK, generateKeyPair: generate } = await import("jose");
  const options = { extractable: true, ...(algorithm === "RS256" ? { modulusLength: 2048 } : {}) };
  const pair = await generate(algorithm === "EdDSA" ? "EdDSA" : algorithm, options);
  const [publicJwk, privateJwk] = await Promise.all([exportJWK(pair.publicKey), exportJWK(pair.privateKey)]);
  return { publicJwk: publicJwk as JsonObject, privateJwk: privateJwk as JsonObject };
}
