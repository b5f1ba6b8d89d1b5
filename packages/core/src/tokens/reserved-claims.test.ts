import { expect, it } from "vitest";
import { checkedPatch, mergePayload, RESERVED_CLAIMS, withoutReservedClaims } from "./reserved-claims.js";

it("drops reserved claims and keeps everything else, the issuer included [wire Q-5]", () => {
  const payload = Object.fromEntries(
    [...RESERVED_CLAIMS, "iss", "aud", "jti", "own"].map((name) => [name, name]),
  );
  expect(withoutReservedClaims(payload)).toEqual({ iss: "iss", aud: "aud", jti: "jti", own: "own" });
});

it("a patch with null for one is fine, with a value it is not [wire Q-3, Q-4]", () => {
  expect(checkedPatch({ sub: null, stt: null, own: null })).toEqual({ own: null });
  for (const name of RESERVED_CLAIMS) {
    for (const value of [0, "", false, {}]) {
      expect(() => checkedPatch({ [name]: value })).toThrow(
        expect.objectContaining({ type: "RESERVED_CLAIM_NAME" }),
      );
    }
  }
});

it("merges at the top level only; null removes there, and is data below [wire M-3]", () => {
  const payload = { a: 1, b: { x: 1, y: 2 }, c: null };
  expect(mergePayload(payload, { b: { x: null }, d: 0, a: null })).toEqual({ b: { x: null }, c: null, d: 0 });
  expect(mergePayload(payload, {})).toEqual(payload);
  expect(payload).toEqual({ a: 1, b: { x: 1, y: 2 }, c: null });
});
