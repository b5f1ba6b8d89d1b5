import { base64, base64Url, fromBase64Url, hex, textFromBase64Url, utf8Bytes } from "../runtime/encoding.js";
import type { JsonObject } from "../runtime/json.js";
import { generateKeyPair, keyMembers, PARAMETERS } from "./key-pair.js";
import type { Algorithm, MacKey, Platform, SignKey, VerifyKey } from "./platform.js";

/** WebCrypto, for Workers, Deno, browsers' service workers and any runtime without Node's own module. */
export const platform: Platform = {
  async importVerifyKey(jwk: JsonObject, algorithm: Algorithm): Promise<VerifyKey> {
    const key = await importKey(jwk, algorithm, "verify");
    return {
      async verify(signingInput, signature) {
        const bytes = fromBase64Url(signature);
        return (
          bytes !== undefined &&
          crypto.subtle.verify(PARAMETERS[algorithm], key, bytes, utf8Bytes(signingInput))
        );
      },
    };
  },

  async importSignKey(jwk: JsonObject, algorithm: Algorithm): Promise<SignKey> {
    const key = await importKey(jwk, algorithm, "sign");
    return {
      async sign(signingInput) {
        const signature = await crypto.subtle.sign(PARAMETERS[algorithm], key, utf8Bytes(signingInput));
        return base64Url(new Uint8Array(signature));
      },
    };
  },

  generateKeyPair,

  async sha256Hex(text) {
    return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8Bytes(text))));
  },

  async importMacKey(secret): Promise<MacKey> {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
    return {
      mac: async (text) => base64Url(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8Bytes(text)))),
    };
  },

  async hkdf(secret, info) {
    const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8Bytes(info) };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
  },

  decodeSegment: textFromBase64Url,
  encodeSegment: (text) => base64Url(utf8Bytes(text)),
  encodeBase64: (text) => base64(utf8Bytes(text)),
};

function importKey(jwk: JsonObject, algorithm: Algorithm, use: "sign" | "verify"): Promise<CryptoKey> {
  return crypto.subtle.importKey("jwk", keyMembers(jwk), PARAMETERS[algorithm], false, [use]);
}
