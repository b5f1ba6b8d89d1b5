import { describe, expect, it } from "vitest";
import { BaseResponse, type ResponseBody } from "./base-response.js";
import type { CookieSpec } from "./set-cookie.js";

/** The smallest response there can be: what an adapter author writes first. */
class PlainResponse extends BaseResponse<string> {
  readonly native = "native";
  committed = false;
  status = 0;
  headers = new Map<string, string>();
  cookies: string[] = [];
  sent: ResponseBody | null | undefined;

  setStatus(code: number): void {
    this.status = code;
  }
  setHeader(name: string, value: string): void {
    this.headers.set(name.toLowerCase(), value);
  }
  removeHeader(name: string): void {
    this.headers.delete(name.toLowerCase());
  }
  getHeader(name: string): string | undefined {
    return this.headers.get(name.toLowerCase());
  }
  protected replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    this.cookies = this.cookies.filter((other) => !drop(other));
    if (line !== undefined) this.cookies.push(line);
  }
  finish(body: ResponseBody | null): string {
    this.sent = body;
    return "finished";
  }
}

const COOKIE: CookieSpec = {
  name: "sAccessToken",
  value: "1",
  path: "/",
  expiresMs: 0,
  secure: true,
  httpOnly: true,
  sameSite: "lax",
};

describe("mergeHeader [wire O-6] [sec C-14]", () => {
  it.each([
    [undefined, "front-token"],
    ["", "front-token"],
    ["x-total", "x-total, front-token"],
    ["front-token", "front-token"],
    ["Front-Token", "Front-Token"],
    ["a,front-token ,b", "a,front-token ,b"],
    ["x-front-token", "x-front-token, front-token"],
    ["front-token-2, front", "front-token-2, front, front-token"],
  ])("over %j gives %j: tokens are compared, not substrings", (present, expected) => {
    const res = new PlainResponse();
    if (present !== undefined) res.setHeader("access-control-expose-headers", present);
    res.mergeHeader("Access-Control-Expose-Headers", "front-token");
    expect(res.getHeader("access-control-expose-headers")).toBe(expected);
  });
});

describe("setCookie [wire K-2] [sec C-07]", () => {
  it("replaces its own earlier line with the same name, domain and path, and leaves every other", () => {
    const res = new PlainResponse();
    res.cookies.push("theme=dark; Path=/", "sAccessToken=app; Path=/app");
    res.setCookie(COOKIE);
    res.setCookie({ ...COOKIE, domain: "example.com" });
    res.setCookie({ ...COOKIE, value: "2" });
    expect(res.cookies.map((line) => line.replace(/; Expires.*/, ""))).toEqual([
      "theme=dark; Path=/",
      "sAccessToken=app; Path=/app",
      "sAccessToken=1; Domain=example.com; Path=/",
      "sAccessToken=2; Path=/",
    ]);
  });
});

describe("names that handlers written for other SDKs use", () => {
  it("set the status, send JSON or HTML, and show the native response", () => {
    const res = new PlainResponse();
    res.setStatusCode(418);
    expect(res.sendJSONResponse({ a: [1] })).toBe("finished");
    expect(res.sent).toEqual({ contentType: "application/json; charset=utf-8", text: '{"a":[1]}' });
    res.sendHTMLResponse("<p>");
    expect(res.sent).toEqual({ contentType: "text/html; charset=utf-8", text: "<p>" });
    expect([res.status, res.original]).toEqual([418, "native"]);
  });
});
