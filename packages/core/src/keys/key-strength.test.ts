import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { platform } from "../platform/node.js";
import type { JsonObject } from "../runtime/json.js";
import type { SigningAlgorithm } from "../store/session-store.js";
import { isStrongKey } from "./key-strength.js";

const ALGORITHMS: readonly SigningAlgorithm[] = ["ES256", "RS256", "EdDSA"];

function rsa(bits: number, exponent = 65_537): JsonObject {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: bits, publicExponent: exponent });
  return publicKey.export({ format: "jwk" }) as JsonObject;
}

function ec(namedCurve: string): JsonObject {
  return generateKeyPairSync("ec", { namedCurve }).publicKey.export({ format: "jwk" }) as JsonObject;
}

const ed25519 = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }) as JsonObject;
const x25519 = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }) as JsonObject;
const p256 = ec("P-256");
const rsa2048 = rsa(2048);

const bytes = (...values: number[]): string => Buffer.from(values).toString("base64url");
/** A modulus of exactly so many bits. */
const modulus = (bits: number): string => {
  const whole = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  whole[0] = 0xff >> ((8 - (bits % 8)) % 8);
  return whole.toString("base64url");
};

/** Keys in the manner of Wycheproof's json_web_key_test, made here: a good one of each type, then each thing wrong. */
const GOOD: readonly [string, JsonObject, SigningAlgorithm][] = [
  ["P-256", p256, "ES256"],
  ["Ed25519", ed25519, "EdDSA"],
  ["RSA 2048", rsa2048, "RS256"],
  ["RSA 3072", { ...rsa2048, n: modulus(3072) }, "RS256"],
  ["RSA 4096", { ...rsa2048, n: modulus(4096) }, "RS256"],
  ["RSA with a larger odd exponent", { ...rsa2048, e: bytes(1, 0, 0, 0, 1) }, "RS256"],
  ["a key that says what it is for", { ...p256, use: "sig", alg: "ES256", key_ops: ["verify"] }, "ES256"],
];

const BAD: readonly [string, JsonObject][] = [
  ["RSA 1024", rsa(1024)],
  ["RSA 2047", { ...rsa2048, n: modulus(2047) }],
  ["RSA 2049, the size of the ROCA key", { ...rsa2048, n: modulus(2049) }],
  ["RSA 2056", { ...rsa2048, n: modulus(2056) }],
  ["RSA 3071", { ...rsa2048, n: modulus(3071) }],
  ["RSA 8192", { ...rsa2048, n: modulus(8192) }],
  ["RSA exponent 3", { ...rsa2048, e: bytes(3) }],
  ["RSA exponent 1", { ...rsa2048, e: bytes(1) }],
  ["RSA exponent 0", { ...rsa2048, e: bytes(0) }],
  ["RSA exponent 65536", { ...rsa2048, e: bytes(1, 0, 0) }],
  ["RSA exponent longer than 8 bytes", { ...rsa2048, e: bytes(1, 0, 0, 0, 0, 0, 0, 0, 1) }],
  ["RSA without modulus", { kty: "RSA", e: "AQAB" }],
  ["RSA modulus that is a number", { ...rsa2048, n: 3 }],
  ["RSA modulus of zeros", { ...rsa2048, n: Buffer.alloc(256).toString("base64url") }],
  ["RSA modulus in padded base64", { ...rsa2048, n: `${String(rsa2048.n)}==` }],
  ["P-384", ec("P-384")],
  ["P-521", ec("P-521")],
  ["secp256k1", ec("secp256k1")],
  ["EC that names no curve", { kty: "EC", x: p256.x as string, y: p256.y as string }],
  ["X25519, which cannot sign", x25519],
  ["Ed448", { kty: "OKP", crv: "Ed448", x: Buffer.alloc(57).toString("base64url") }],
  ["a symmetric key", { kty: "oct", k: bytes(...Array<number>(32).fill(7)) }],
  ["no kty", { crv: "P-256", x: p256.x as string, y: p256.y as string }],
  ["kty in the wrong case", { ...p256, kty: "ec" }],
  ["a key for encryption", { ...p256, use: "enc" }],
  ["a key that may only sign", { ...p256, key_ops: ["sign"] }],
  ["key_ops that is no list", { ...p256, key_ops: "verify" }],
  ["another algorithm named", { ...p256, alg: "ES384" }],
  ["the algorithm in the wrong case", { ...p256, alg: "es256" }],
  ["PS256 named", { ...rsa2048, alg: "PS256" }],
  ["HS256 named", { ...rsa2048, alg: "HS256" }],
  ["an empty object", {}],
  ["a key set instead of a key", { keys: [p256] }],
];

describe("keys from the store [sec K-01, T-02]", () => {
  it.each(GOOD)("takes %s for its own algorithm and no other [sec T-01]", async (_, jwk, algorithm) => {
    expect(ALGORITHMS.filter((candidate) => isStrongKey(jwk, candidate))).toEqual([algorithm]);
    if (jwk === rsa2048 || jwk.kty !== "RSA") await platform.importVerifyKey(jwk, algorithm);
  });

  it.each(BAD)("refuses %s for every algorithm", (_, jwk) => {
    expect(ALGORITHMS.filter((candidate) => isStrongKey(jwk, candidate))).toEqual([]);
  });

  it("refuses a point that is not on the curve, when it is imported", () => {
    const shifted = Buffer.from(String(p256.x), "base64url");
    shifted[31] = (shifted[31] as number) ^ 1;
    expect(() => platform.importVerifyKey({ ...p256, x: shifted.toString("base64url") }, "ES256")).toThrow();
    expect(() => platform.importVerifyKey({ ...p256, x: bytes(0), y: bytes(0) }, "ES256")).toThrow();
  });

  it("knows no algorithm but the three, whatever a row says", () => {
    for (const name of [
      "none",
      "HS256",
      "PS256",
      "ES384",
      "RS512",
      "es256",
      "ES256 ",
      "",
      "toString",
      "__proto__",
    ]) {
      for (const jwk of [p256, ed25519, rsa2048]) {
        expect(isStrongKey(jwk, name as SigningAlgorithm) || false).toBe(false);
      }
    }
  });
});
