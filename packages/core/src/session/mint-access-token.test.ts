import { expect, it } from "vitest";
import type { SessionEngine } from "./engine.js";
import { newTokenExpirySeconds, payloadOf } from "./mint-access-token.js";

const INPUT = {
  userId: "u",
  tenantId: "t",
  handle: "h",
  refreshTokenHash1: "r",
  parentRefreshTokenHash1: null,
  antiCsrfToken: null,
  customPayload: { iss: "https://api.example.com/auth", own: 1 },
  expiresAtSeconds: 20,
};

/** Settings and randomness are all the expiry depends on, and no transaction is open. */
function engineWith(jitter: number, random: [number, number] = [0, 0]): SessionEngine {
  return {
    store: {},
    settings: { accessTokenValidityMs: 3_600_000, accessTokenValidityJitter: jitter },
    random: () => Uint8Array.from(random),
  } as unknown as SessionEngine;
}

it("writes the ten members of an otherwise empty token, in one order, times floored to seconds [wire F-5, F-10]", () => {
  const payload = payloadOf(engineWith(0), INPUT, 10_999);
  expect(Object.entries(payload)).toEqual([
    ["sub", "u"],
    ["rsub", "u"],
    ["tId", "t"],
    ["iat", 10],
    ["exp", 20],
    ["sessionHandle", "h"],
    ["refreshTokenHash1", "r"],
    ["parentRefreshTokenHash1", null],
    ["antiCsrfToken", null],
    ["iss", "https://api.example.com/auth"],
    ["own", 1],
  ]);
});

it("expires after full validity, never past the end of the session [sec R-11]", () => {
  expect(newTokenExpirySeconds(engineWith(0), 1_500, Number.MAX_SAFE_INTEGER)).toBe(3601);
  expect(newTokenExpirySeconds(engineWith(0), 1_500, 60_999)).toBe(60);
});

it("jitter shortens by at most its share [wire E-5] [sec T-11]", () => {
  const at = (random: [number, number]) =>
    newTokenExpirySeconds(engineWith(0.05, random), 0, Number.MAX_SAFE_INTEGER);
  expect(at([0, 0])).toBe(3600);
  expect(at([128, 0])).toBe(3510);
  expect(at([255, 255])).toBe(3420);
});
