import { describe, expect, it } from "vitest";
import type { AccessTokenPayload } from "../tokens/access-token.js";
import { frontTokenJson } from "../tokens/front-token.js";
import { assertFits, largestClaims, largestCookieBytes } from "./token-size.js";

const PAYLOAD = { sub: "u", a: 1, b: "xxxx", c: [1, 2, 3, 4, 5], d: "ééé" } as unknown as AccessTokenPayload;

describe("assertFits [sec C-04] [wire F-9]", () => {
  it("lets 4096 bytes through and refuses 4097", () => {
    expect(() => assertFits(4096, PAYLOAD)).not.toThrow();
    expect(() => assertFits(4097, PAYLOAD)).toThrow(
      expect.objectContaining({
        type: "PAYLOAD_TOO_LARGE",
        payload: { sizeBytes: 4097, limitBytes: 4096, largestClaims: ["c", "d", "b"] },
      }),
    );
  });

  it("names the biggest claims by their bytes, never the token's own", () => {
    expect(largestClaims(PAYLOAD)).toEqual(["c", "d", "b"]);
  });
});

it("counts the front token's cookie to the byte, at its longest [sec C-04]", () => {
  const payload = {
    sub: 'ü"ser',
    exp: 1_800_000_000,
    parentRefreshTokenHash1: null,
    antiCsrfToken: null,
    é: "ü".repeat(50),
  } as unknown as AccessTokenPayload;
  const longest = { ...payload, parentRefreshTokenHash1: "0".repeat(64), antiCsrfToken: "0".repeat(22) };
  const cookie = `sFrontToken=${Buffer.from(frontTokenJson(longest)).toString("base64")}`;
  // So far below zero that the access token's cookie is the shorter one.
  expect(largestCookieBytes(payload, "ES256", -1000)).toBe(cookie.length);
});
