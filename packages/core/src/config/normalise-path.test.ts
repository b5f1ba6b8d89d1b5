import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normalisePath, requestPath } from "./normalise-path.js";

describe("normalisePath [wire A-3]", () => {
  it.each([
    ["/auth", "/auth"],
    ["auth", "/auth"],
    ["  /auth/  ", "/auth"],
    ["/", ""],
    ["", ""],
    ["/Auth/V1", "/Auth/V1"],
    ["/auth?x=1#y", "/auth"],
    ["https://api.example.com/auth/", "/auth"],
    ["HTTPS://api.example.com", ""],
    ["api.example.com/auth", "/auth"],
    ["localhost:3000/auth", "/auth"],
    ["127.0.0.1/auth/", "/auth"],
    ["/.netlify/functions", "/.netlify/functions"],
    ["/one/two//", "/one/two/"],
  ])("%j is %j", (text, path) => {
    expect(normalisePath(text)).toBe(path);
  });

  it("forces a leading slash and drops query and hash, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webPath(), fc.webUrl()), (text) => {
        expect(normalisePath(text) ?? "").toMatch(/^(?:\/[^?#]*)?$/);
      }),
    );
  });
});

describe("requestPath", () => {
  it.each([
    ["/auth/session/refresh", "/auth/session/refresh"],
    ["/auth/session/refresh/", "/auth/session/refresh"],
    ["/auth/session/refresh?x=/y/", "/auth/session/refresh"],
    ["/auth/session/refresh/?x#y", "/auth/session/refresh"],
    ["/auth#?x", "/auth"],
    ["http://proxy.example/auth/x?y", "/auth/x"],
    ["http://proxy.example", ""],
    ["//auth/session/refresh", "//auth/session/refresh"],
    ["/a//", "/a/"],
    ["/", ""],
    ["*", "*"],
  ])("%j is %j", (url, path) => {
    expect(requestPath(url)).toBe(path);
  });

  it("never throws and never keeps a query [sec D-08]", () => {
    fc.assert(fc.property(fc.string(), (url) => !/[?#]/.test(requestPath(url))));
  });
});
