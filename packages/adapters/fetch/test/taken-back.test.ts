import { expect, it } from "vitest";
import { FetchResponse } from "../src/fetch-response.js";

const token = (value: string) =>
  ({
    name: "sAccessToken",
    value,
    path: "/",
    expiresMs: 0,
    httpOnly: true,
    secure: false,
    sameSite: "lax",
  }) as const;

it("a login that is refused in a transaction leaves in the application's Headers what was there before", () => {
  const headers = new Headers([
    ["set-cookie", "app-before=1"],
    ["set-cookie", "sAccessToken=theirs; Path=/x"],
  ]);
  const response = new FetchResponse(undefined);
  response.writeTo(headers);
  const settle = response.remember(["front-token"], ["sAccessToken"]);
  response.setCookie(token("refused"));
  response.setHeader("front-token", "refused");
  headers.append("set-cookie", "app-inside=2");
  settle(false);
  expect(headers.getSetCookie().sort()).toEqual([
    "app-before=1",
    "app-inside=2",
    "sAccessToken=theirs; Path=/x",
  ]);
  expect(headers.has("front-token")).toBe(false);
});
