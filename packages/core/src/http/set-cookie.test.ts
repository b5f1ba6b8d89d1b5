import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CookieSpec, isSameCookie, serializeCookie } from "./set-cookie.js";

const SPEC: CookieSpec = {
  name: "sAccessToken",
  value: "token",
  path: "/",
  expiresMs: Date.UTC(2030, 0, 2, 3, 4, 5),
  secure: true,
  httpOnly: true,
  sameSite: "lax",
};

describe("serializeCookie", () => {
  it("writes the attributes in the order clients have seen for years [wire O-5]", () => {
    expect(serializeCookie(SPEC)).toBe(
      "sAccessToken=token; Path=/; Expires=Wed, 02 Jan 2030 03:04:05 GMT; HttpOnly; Secure; SameSite=Lax",
    );
    expect(serializeCookie({ ...SPEC, domain: ".example.com", secure: false, sameSite: "none" })).toBe(
      "sAccessToken=token; Domain=.example.com; Path=/; Expires=Wed, 02 Jan 2030 03:04:05 GMT; HttpOnly; SameSite=None",
    );
  });

  it("clears with the same attributes and a date in 1970", () => {
    expect(serializeCookie({ ...SPEC, value: "", expiresMs: 0 })).toBe(
      "sAccessToken=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
    );
  });
});

describe("isSameCookie [wire K-2] [sec C-07]", () => {
  it.each([
    [{}, true],
    [{ value: "other", expiresMs: 0, secure: false, sameSite: "none" }, true],
    [{ path: "/auth" }, false],
    [{ domain: "example.com" }, false],
    [{ name: "sAccessToken2" }, false],
    [{ name: "sAccess" }, false],
    [{ name: "saccesstoken" }, false],
  ] as [Partial<CookieSpec>, boolean][])("a line with %j is the same: %s", (change, same) => {
    expect(isSameCookie(serializeCookie({ ...SPEC, ...change }), SPEC)).toBe(same);
  });

  it("reads attributes of lines that others wrote, in any case and order", () => {
    expect(isSameCookie("sAccessToken=x;secure; PATH = / ;domain=", SPEC)).toBe(true);
    expect(
      isSameCookie("sAccessToken=x; path=/; DOMAIN=Example.COM", { ...SPEC, domain: "example.com" }),
    ).toBe(true);
    expect(isSameCookie("sAccessToken=x", SPEC)).toBe(false);
    expect(isSameCookie("other=sAccessToken=x; Path=/", SPEC)).toBe(false);
  });

  it("recognises every line that the serialiser wrote for the same name, domain and path, and no other", () => {
    const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
    const spec = fc.record({
      name: token,
      value: token,
      path: token.map((text) => `/${text}`),
      domain: fc.option(
        token.map((text) => `${text}.com`),
        { nil: undefined },
      ),
      expiresMs: fc.integer({ min: 0, max: 4e12 }),
      secure: fc.boolean(),
      httpOnly: fc.boolean(),
      sameSite: fc.constantFrom("strict", "lax", "none"),
    }) as fc.Arbitrary<CookieSpec>;
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(isSameCookie(serializeCookie(a), { name: a.name, domain: a.domain, path: a.path })).toBe(true);
        const equal =
          a.name === b.name && a.path === b.path && a.domain?.toLowerCase() === b.domain?.toLowerCase();
        expect(isSameCookie(serializeCookie(a), b)).toBe(equal);
      }),
    );
  });
});
