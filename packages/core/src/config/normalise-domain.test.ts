import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLocalHost, normaliseCookieDomain, normaliseDomain } from "./normalise-domain.js";

describe("normaliseDomain [wire A-2]", () => {
  it.each([
    ["api.example.com", "https://api.example.com"],
    ["  API.Example.COM  ", "https://api.example.com"],
    [".example.com", "https://example.com"],
    ["api.example.com:8443", "https://api.example.com:8443"],
    ["api.example.com/path?q=1#hash", "https://api.example.com"],
    ["http://api.example.com", "http://api.example.com"],
    ["HTTPS://API.example.com/a/b?c#d", "https://api.example.com"],
    ["https://api.example.com:443", "https://api.example.com:443"],
    ["0.0.0.0:8080", "http://0.0.0.0:8080"],
    ["127.0.0.1", "http://127.0.0.1"],
    ["https://127.0.0.1:80/", "https://127.0.0.1:80"],
    ["localhost", "http://localhost"],
    ["localhost:4000/x", "http://localhost:4000"],
    ["https://localhost:4000", "https://localhost:4000"],
  ])("%j is %j", (text, origin) => {
    expect(normaliseDomain(text)).toBe(origin);
  });

  it.each([
    "",
    "   ",
    "/",
    "/api",
    "example",
    "http://",
    "ftp://example.com",
    "https://user:pass@example.com",
    "a b.com",
  ])("%j names no host", (text) => {
    expect(normaliseDomain(text)).toBeUndefined();
  });

  it("takes IPv6 literals and names below localhost for this machine, and nothing that only begins like one [wire A-7]", () => {
    expect(normaliseDomain("[::1]:3000")).toBe("http://[::1]:3000");
    expect(normaliseDomain("app.localhost:3000")).toBe("http://app.localhost:3000");
    expect(normaliseDomain("localhost.attacker.com")).toBe("https://localhost.attacker.com");
    expect(["localhost", "a.localhost", "127.0.0.1", "10.1.2.3", "[::1]"].map(isLocalHost)).toEqual(
      Array(5).fill(true),
    );
    expect(["localhost.attacker.com", "notlocalhost", "1.2.3.4.com", "example.com"].map(isLocalHost)).toEqual(
      Array(4).fill(false),
    );
  });

  it("gives an origin or nothing, and an origin again for what it gave", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.domain(), fc.webUrl(), fc.ipV4(), fc.ipV6()), (text) => {
        const origin = normaliseDomain(text);
        if (origin === undefined) return;
        expect(origin).toMatch(/^https?:\/\/[^/?#\s]+$/);
        expect(normaliseDomain(origin)).toBe(origin);
      }),
    );
  });
});

describe("normaliseCookieDomain [wire S-6]", () => {
  it.each([
    ["example.com", "example.com"],
    [" .Example.com ", ".example.com"],
    ["https://api.example.com:8080/path?q", "api.example.com"],
    ["http://.example.com", ".example.com"],
    ["example.com:3000/x", "example.com"],
    ["localhost", "localhost"],
    [".localhost", "localhost"],
    [".localhost:3000", "localhost"],
    [".127.0.0.1", "127.0.0.1"],
  ])("%j is %j", (text, domain) => {
    expect(normaliseCookieDomain(text)).toBe(domain);
  });

  it.each(["", "  ", ".", "http://", "exa mple.com", "example.com;x=y", "a,b.com", "..a.com", "a..com"])(
    "%j names no host",
    (text) => {
      expect(normaliseCookieDomain(text)).toBeUndefined();
    },
  );

  it("never lets a character through that could end a cookie attribute [sec C-09]", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => {
        expect(normaliseCookieDomain(text) ?? "x").toMatch(/^[a-z0-9.:[\]-]+$/);
      }),
    );
  });
});
