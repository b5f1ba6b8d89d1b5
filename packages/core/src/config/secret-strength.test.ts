import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { isGuessable } from "./secret-strength.js";

it("takes what a random source made, however it is written", () => {
  for (let n = 0; n < 2_000; n += 1) {
    expect(isGuessable(randomBytes(16).toString("hex"))).toBe(false);
    expect(isGuessable(randomBytes(24).toString("base64"))).toBe(false);
    expect(isGuessable(randomBytes(32).toString("base64url"))).toBe(false);
  }
});

it.each([
  "a".repeat(32),
  "ab".repeat(20),
  "secret".repeat(6),
  "0123456789abcdef0123456789abcdef",
  "abcdefghijklmnopqrstuvwxyz012345",
  "12345678901234567890123456789012",
  "passwordpasswordpasswordpassword",
  "00000000000000000000000000000001",
])("refuses %s", (secret) => {
  expect(isGuessable(secret)).toBe(true);
});
