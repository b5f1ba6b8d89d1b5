import { generateKeyPairSync, sign, verify } from "node:crypto";
import { expect, it } from "vitest";
import { derSignatureOf, jwsSignatureOf } from "./ecdsa-signature.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const hexOf = (signature: Uint8Array): string => Buffer.from(signature).toString("hex");
const long = (first: string): string => first + "11".repeat(31);

it.each([
  ["both full", `3044 0220 ${long("7f")} 0220 ${long("01")}`, long("7f") + long("01")],
  [
    "both with a zero for the sign",
    `3046 022100 ${long("80")} 022100 ${long("ff")}`,
    long("80") + long("ff"),
  ],
  ["a short R", `3026 0202 0080 0220 ${long("01")}`, `${"00".repeat(31)}80${long("01")}`],
  ["a short S", `3025 0220 ${long("01")} 0201 05`, `${long("01")}${"00".repeat(31)}05`],
])("%s", (_, der, expected) => {
  expect(hexOf(jwsSignatureOf(bytes(der)))).toBe(expected);
  expect(hexOf(derSignatureOf(bytes(expected)) ?? bytes(""))).toBe(der.replaceAll(" ", ""));
});

it("a signature of another length is none, and a zero is written as one [sec T-04]", () => {
  for (const length of [0, 1, 63, 65, 128]) expect(derSignatureOf(new Uint8Array(length))).toBeUndefined();
  expect(hexOf(derSignatureOf(new Uint8Array(64)) ?? bytes(""))).toBe("3006020100020100");
});

it("what OpenSSL signs verifies in its other encoding, short integers among it", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const lengths = new Set<number>();
  for (let n = 0; n < 600; n++) {
    const der = sign("sha256", Buffer.from(`text ${n}`), privateKey);
    lengths.add(der.length);
    const isGood = verify(
      "sha256",
      Buffer.from(`text ${n}`),
      { key: publicKey, dsaEncoding: "ieee-p1363" },
      jwsSignatureOf(der),
    );
    expect(isGood).toBe(true);
    expect(hexOf(derSignatureOf(jwsSignatureOf(der)) ?? bytes(""))).toBe(hexOf(der));
  }
  expect(lengths.size).toBeGreaterThan(2);
});
