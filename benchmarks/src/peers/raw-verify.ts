import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import type { Case } from "../measure.ts";
import type { SignedToken } from "./peer.ts";

/** The floor: the signature check alone, key, bytes and signature at hand. */
export function rawVerify({ token, algorithm, jwk }: SignedToken): Case {
  const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  const at = token.lastIndexOf(".");
  const bytes = Buffer.from(token.slice(0, at));
  const signature = Buffer.from(token.slice(at + 1), "base64url");
  const digest = algorithm === "EdDSA" ? null : "sha256";
  const options = algorithm === "ES256" ? ({ key, dsaEncoding: "ieee-p1363" } as const) : key;
  const name = rawName(algorithm);
  return {
    name,
    run(count) {
      for (let i = 0; i < count; i++) {
        if (!verify(digest, bytes, options, signature)) throw new Error(`${name}: wrong signature`);
      }
    },
  };
}

export function rawName(algorithm: SignedToken["algorithm"]): string {
  return `raw ${algorithm} crypto.verify`;
}
