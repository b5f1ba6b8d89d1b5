import { randomBytes, randomInt } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { AccessTokenPayload } from "../tokens/access-token.js";
import { VerifiedTokenCache } from "./verified-token-cache.js";

const payloadFor = (sub: string): AccessTokenPayload => ({
  sub,
  rsub: sub,
  tId: "public",
  iat: 1,
  exp: 2,
  sessionHandle: "h",
  refreshTokenHash1: "x",
  parentRefreshTokenHash1: null,
  antiCsrfToken: null,
});
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
const randomText = (length: number): string =>
  [...randomBytes(length)].map((byte) => ALPHABET[byte % 65]).join("");

describe("the cache of verified tokens [sec T-10]", () => {
  it("never answers one token with another's entry: 100 000 random pairs that share a beginning, an end or both", () => {
    const cache = new VerifiedTokenCache({ maxEntries: 64, maxBytes: 1 << 20 });
    const wrong: string[] = [];
    let hits = 0;
    for (let n = 0; n < 100_000; n += 1) {
      const length = randomInt(30, 120);
      const token = randomText(length);
      const at = randomInt(length);
      const end = randomInt(at, length + 1);
      // Most often the end, which is what entries are found by, stays whole.
      const [from, to] = n % 4 === 0 ? [at, end] : [Math.min(at, length - 26), Math.min(end, length - 25)];
      const other = token.slice(0, from) + randomText(to - from + (n % 3 === 0 ? 1 : 0)) + token.slice(to);
      cache.add(token, "kid", payloadFor(token));
      if (cache.get(token)?.payload.sub === token) hits += 1;
      if (other !== token && cache.get(other) !== undefined) wrong.push(other);
      for (const cut of [token.slice(1), token.slice(-24), token.slice(0, -1), `x${token}`, `${token}x`]) {
        if (cache.get(cut) !== undefined) wrong.push(cut);
      }
    }
    expect(wrong).toEqual([]);
    expect(hits).toBe(100_000);
  });

  it("of two tokens with one end holds one at a time, and each answers for itself only", () => {
    const cache = new VerifiedTokenCache({ maxEntries: 10, maxBytes: 10_000 });
    const end = randomText(24);
    for (let n = 0; n < 100; n += 1) {
      cache.add(`${n}${end}`, "kid", payloadFor(`${n}`));
      expect(cache.get(`${n}${end}`)?.payload.sub).toBe(`${n}`);
      expect(cache.get(`${n - 1}${end}`)).toBeUndefined();
    }
  });

  it("holds no more entries and bytes than it may, and keeps what is in use [sec D-04]", () => {
    const cache = new VerifiedTokenCache({ maxEntries: 1000, maxBytes: 1 << 30 });
    const busy = randomText(200);
    cache.add(busy, "kid", payloadFor("busy"));
    for (let n = 0; n < 20_000; n += 1) {
      const token = randomText(200);
      cache.add(token, "kid", payloadFor(token));
      expect(cache.size).toBeLessThanOrEqual(1000);
      if (n % 100 === 0) expect(cache.get(busy)?.payload.sub).toBe("busy");
    }
    const small = new VerifiedTokenCache({ maxEntries: 1000, maxBytes: 10_000 });
    for (let n = 0; n < 500; n += 1) {
      const token = randomText(randomInt(100, 700));
      small.add(token, "kid", payloadFor(token));
      expect(small.size * 100).toBeLessThanOrEqual(10_000);
    }
    const large = randomText(6000);
    small.add(large, "kid", payloadFor("large"));
    expect(small.get(large)).toBeUndefined();
  });

  it("drops what a withdrawn key signed, young and old, and nothing else [sec K-08]", () => {
    const cache = new VerifiedTokenCache({ maxEntries: 100, maxBytes: 1 << 20 });
    const tokens = Array.from({ length: 90 }, () => randomText(100));
    for (const [n, token] of tokens.entries())
      cache.add(token, n % 2 === 0 ? "bad" : "good", payloadFor(token));
    cache.dropKey("bad");
    for (const [n, token] of tokens.entries()) expect(cache.get(token) === undefined).toBe(n % 2 === 0);
  });

  it("keeps a token and not the Cookie header it was cut out of", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const cache = new VerifiedTokenCache({ maxEntries: 10_000, maxBytes: 1 << 30 });
    const fill = (): void => {
      for (let n = 0; n < 2000; n += 1) {
        const header = `other=${randomBytes(7500).toString("hex")}; sAccessToken=${randomText(300)}`;
        cache.add(header.slice(header.lastIndexOf("=") + 1), "kid", payloadFor("u"));
      }
    };
    collect();
    const before = process.memoryUsage().heapUsed;
    fill();
    collect();
    const perEntryBytes = (process.memoryUsage().heapUsed - before) / 2000;
    expect(cache.size).toBe(2000);
    expect(perEntryBytes).toBeLessThan(3000);
  });
});
