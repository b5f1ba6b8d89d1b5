import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { SpyStore } from "./spy-store.js";
import { keysOf } from "./store-rows.js";

export type Members = Record<string, unknown>;

/** A token's header and payload, without any check. */
export function decodeToken(token: string): { header: Members; payload: Members } {
  const [header = "", payload = ""] = token.split(".");
  return { header: fromSegment(header), payload: fromSegment(payload) };
}

/** Signs with ES256. Strings and arrays are allowed as parts, so that malformed tokens can be made. */
export function signToken(header: unknown, payload: unknown, key: KeyObject): string {
  const input = `${toSegment(header)}.${toSegment(payload)}`;
  const signature = sign("sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return `${input}.${signature.toString("base64url")}`;
}

/** A P-256 key that no store knows. */
export function foreignKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

/** The private key of an ES256 key in the store: what an attacker has who read the database. */
export async function storedKey(store: SpyStore, kid: unknown): Promise<KeyObject> {
  const row = (await keysOf(store)).find((key) => key.kid === kid);
  if (row === undefined) throw new Error("the store has no such key");
  return createPrivateKey({ key: JSON.parse(row.privateJwkJson), format: "jwk" });
}

/** A genuine token with members of header or payload changed (undefined removes one), signed again with its own key. */
export async function resign(
  store: SpyStore,
  token: string,
  change: { header?: Members; payload?: Members; key?: KeyObject },
): Promise<string> {
  const { header, payload } = decodeToken(token);
  const key = change.key ?? (await storedKey(store, header.kid));
  return signToken(without(header, change.header), without(payload, change.payload), key);
}

function without(base: Members, change: Members = {}): Members {
  return Object.fromEntries(
    Object.entries({ ...base, ...change }).filter(([, value]) => value !== undefined),
  );
}

function toSegment(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

function fromSegment(segment: string): Members {
  return JSON.parse(Buffer.from(segment, "base64url").toString("utf8")) as Members;
}
