import { createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { SigningAlgorithm } from "../../src/store/session-store.js";
import type { SpyStore } from "./spy-store.js";
import { keysOf } from "./store-rows.js";

/** A part of a token: an object is written as JSON, a text or bytes go in as they are. */
export type Part = object | string | Buffer;

export function segment(part: Part): string {
  const bytes = Buffer.isBuffer(part)
    ? part
    : Buffer.from(typeof part === "string" ? part : JSON.stringify(part));
  return bytes.toString("base64url");
}

/** Signs as the type of the key does, whatever the header says (RFC 7518 §3, RFC 8037 §3.1). */
export function signWith(key: KeyObject, header: Part, payload: Part): string {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${signatureOf(key, input)}`;
}

export function signatureOf(key: KeyObject, input: string): string {
  const digest = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const bytes = sign(digest, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return bytes.toString("base64url");
}

/** HS256, with any bytes as the secret. */
export function macWith(secret: string | Buffer, header: Part, payload: Part): string {
  const input = `${segment(header)}.${segment(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** A private key that no store knows. */
export function strangersKey(algorithm: SigningAlgorithm): KeyObject {
  if (algorithm === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519").privateKey;
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** A private key of the store: what an attacker has who read the database. */
export async function keyInStore(store: SpyStore, kid: unknown): Promise<KeyObject> {
  const row = (await keysOf(store)).find((key) => key.kid === kid);
  if (row === undefined) throw new Error("the store has no such key");
  return createPrivateKey({ key: JSON.parse(row.privateJwkJson), format: "jwk" });
}
