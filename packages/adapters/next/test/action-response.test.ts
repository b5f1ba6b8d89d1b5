import { ResponseCookies } from "next/dist/compiled/@edge-runtime/cookies";
import { expect, it } from "vitest";
import { ActionResponse } from "../src/server-response.js";

const HEADERS = ["front-token", "anti-csrf"];
const COOKIES = ["sAccessToken", "sRefreshToken"];

function action() {
  const headers = new Headers();
  const response = new ActionResponse(new ResponseCookies(headers) as never);
  return {
    response,
    signIn(value: string): void {
      response.setHeader("front-token", value);
      response.setCookie({
        name: "sAccessToken",
        value,
        path: "/",
        expiresMs: 4_000_000_000_000,
        secure: true,
        httpOnly: true,
        sameSite: "lax",
      });
    },
    /** What the browser is told, by cookie. */
    told: () => headers.getSetCookie().map((line) => line.slice(0, line.indexOf(";"))),
  };
}

it("a login in a transaction that fails leaves the cookies of an action as they were", () => {
  const { response, signIn, told } = action();
  const settle = response.remember(HEADERS, COOKIES);
  signIn("refused");
  settle(false);
  expect(told()).toEqual([]);
  signIn("good");
  const settleOuter = response.remember(HEADERS, COOKIES);
  const settleInner = response.remember(HEADERS, COOKIES);
  signIn("refused");
  settleInner(false);
  settleOuter(true);
  expect(told()).toContain("sAccessToken=good");
  expect(response.written.get("sAccessToken")).toBe("good");
});

it("a login in a transaction that succeeds sets them at its end", () => {
  const { response, signIn, told } = action();
  const settle = response.remember(HEADERS, COOKIES);
  signIn("good");
  expect(told()).toEqual([]);
  settle(true);
  expect(told()).toEqual(expect.arrayContaining(["sFrontToken=", "sAccessToken=good"]));
});
