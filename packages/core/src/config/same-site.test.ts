import { beforeAll, describe, expect, it } from "vitest";
import {
  loadPublicSuffixes,
  needsPublicSuffixes,
  type RegistrableDomain,
  sameSiteFor,
  siteOf,
} from "./same-site.js";

let registrable: RegistrableDomain;
beforeAll(async () => {
  registrable = await loadPublicSuffixes();
});

describe("siteOf [wire A-6]", () => {
  it.each([
    ["api.example.com", "example.com"],
    ["a.b.example.co.uk", "example.co.uk"],
    ["me.github.io", "me.github.io"],
    ["x.me.github.io", "me.github.io"],
    ["localhost", "localhost"],
    ["app.localhost", "localhost"],
    ["192.168.0.7", "localhost"],
    ["[::1]", "localhost"],
    ["ec2-1-2-3-4.compute-1.amazonaws.com", "ec2-1-2-3-4.compute-1.amazonaws.com"],
    ["api.shop.local", "api.shop.local"],
    ["shop.local", "shop.local"],
    ["github.io", undefined],
    ["co.uk", undefined],
  ])("%s stands on %s", (host, site) => {
    expect(siteOf(host, registrable)).toBe(site);
  });

  it("does not take a host for this machine because it begins like one [wire A-7]", () => {
    expect(siteOf("localhost.attacker.com", registrable)).toBe("attacker.com");
  });
});

describe("sameSiteFor", () => {
  it.each([
    ["https://api.example.com", "https://example.com", "lax"],
    ["https://api.example.com", "https://example.com:8443", "lax"],
    ["https://api.example.com", "https://other.org", "none"],
    ["https://me.github.io", "https://you.github.io", "none"],
    ["https://api.a.com", "http://a.com", "none"],
    ["https://api.shop.local", "https://web.shop.local", "none"],
    ["https://api.shop.local", "https://api.shop.local", "lax"],
    ["http://0.0.0.0:8080", "http://localhost:8080", "lax"],
    ["http://[::1]:3000", "http://localhost:3001", "lax"],
    ["http://localhost", "http://localhost.attacker.com", "none"],
    ["http://localhost:3001", "https://localhost:3000", "none"],
  ] as const)("%s seen from %s is %s [wire S-2…S-4]", (api, website, expected) => {
    expect(sameSiteFor(api, website, registrable)).toBe(expected);
    expect(sameSiteFor(website, api, registrable)).toBe(expected);
  });

  it("needs the list only for two different hosts that are both not local", () => {
    expect(needsPublicSuffixes("https://api.example.com", "https://example.com")).toBe(true);
    expect(needsPublicSuffixes("https://example.com:1", "https://example.com:2")).toBe(false);
    expect(needsPublicSuffixes("http://localhost", "https://example.com")).toBe(false);
    expect(sameSiteFor("https://example.com", "https://example.com", undefined)).toBe("lax");
    expect(() => sameSiteFor("https://api.example.com", "https://example.com", undefined)).toThrow(
      "not been loaded",
    );
  });
});
