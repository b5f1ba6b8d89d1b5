import { expect, it } from "vitest";
import { checkAntiCsrfToken, isSameAntiCsrfToken } from "./check-anti-csrf.js";

const TRY = expect.objectContaining({ type: "TRY_REFRESH_TOKEN" });

it("passes the right token, and asks for a refresh for any other [wire G-7, G-9, G-10] [sec X-05]", () => {
  expect(() => checkAntiCsrfToken("token", "token")).not.toThrow();
  for (const presented of [undefined, "", "toke", "token ", "Token", "tokens"]) {
    expect(() => checkAntiCsrfToken("token", presented)).toThrow(TRY);
  }
  for (const claim of [null, undefined]) expect(() => checkAntiCsrfToken(claim, "token")).toThrow(TRY);
});

it("does not look at values longer than 256 [sec D-01]", () => {
  const long = "x".repeat(257);
  expect(isSameAntiCsrfToken(long, long)).toBe(false);
  expect(isSameAntiCsrfToken("x".repeat(256), "x".repeat(256))).toBe(true);
});
