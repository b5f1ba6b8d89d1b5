import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { TestClock } from "../../test/support/test-clock.js";
import { platform } from "../platform/node.js";
import { type PublishedKeySettings, PublishedKeys } from "./published-keys.js";

const SETTINGS: PublishedKeySettings = {
  algorithms: ["ES256", "RS256", "EdDSA"],
  cacheMs: 600_000,
  cooldownMs: 5000,
  sharesReadings: true,
};

function jwkOf(kid: string, more: object = {}): object {
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig", ...more };
}

let clock: TestClock;
let published: unknown;
let readings: number;
/** Each reading waits for this. */
let gate: Promise<void>;

const keysWith = (settings: Partial<PublishedKeySettings> = {}): PublishedKeys =>
  new PublishedKeys(
    platform,
    clock,
    async () => {
      readings += 1;
      await gate;
      if (published instanceof Error) throw published;
      return published;
    },
    { ...SETTINGS, ...settings },
  );
const isKnown = async (keys: PublishedKeys, kid: string): Promise<boolean> =>
  (await keys.find(kid)) !== undefined;

/** Makes them be read, and waits until that has been done. */
async function readBehind(keys: PublishedKeys): Promise<void> {
  await keys.find("d-1");
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  clock = new TestClock();
  published = { keys: [jwkOf("d-1")] };
  readings = 0;
  gate = Promise.resolve();
});

describe("published keys", () => {
  it("are read on first use, once for all who wait, and again by age [sec K-10]", async () => {
    const keys = keysWith();
    expect(keys.isFresh(clock.wallMs())).toBe(false);
    expect(await Promise.all(["d-1", "d-1", "d-2"].map((kid) => isKnown(keys, kid)))).toEqual([
      true,
      true,
      false,
    ]);
    expect(readings).toBe(1);
    clock.advanceMs(599_999);
    expect([keys.isFresh(clock.wallMs()), await isKnown(keys, "d-1"), readings]).toEqual([true, true, 1]);
    clock.advanceMs(1);
    expect([keys.isFresh(clock.wallMs()), await isKnown(keys, "d-1"), readings]).toEqual([false, true, 2]);
  });

  it("an unknown kid makes them be read, at most once per cooldown [sec K-05]", async () => {
    const keys = keysWith();
    expect(await isKnown(keys, "d-1")).toBe(true);
    for (let n = 0; n < 1000; n += 1) {
      clock.advanceMs(10);
      expect(await isKnown(keys, `d-stranger-${n}`)).toBe(false);
    }
    expect(readings).toBe(3);
    published = { keys: [jwkOf("d-1"), jwkOf("d-new")] };
    clock.advanceMs(5000);
    expect(await isKnown(keys, "d-new")).toBe(true);
  });

  it("go on verifying while the issuer is away; what is not known is then unavailable, and not refused [sec K-06]", async () => {
    const keys = keysWith();
    expect(await isKnown(keys, "d-1")).toBe(true);
    published = new Error("https://api.example.com/jwks.json did not answer (ECONNREFUSED)");
    for (let hour = 0; hour < 24; hour += 1) {
      clock.advanceSeconds(3600);
      await readBehind(keys);
      expect(await isKnown(keys, "d-1")).toBe(true);
      expect(keys.isFresh(clock.wallMs())).toBe(true);
    }
    await expect(keys.find("d-2")).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("ECONNREFUSED"),
    });
    expect(readings).toBe(25);
    published = { keys: [jwkOf("d-2")] };
    clock.advanceMs(5000);
    expect(await isKnown(keys, "d-2")).toBe(true);
  });

  it("nobody who has a known key waits for an issuer that hangs", async () => {
    const keys = keysWith();
    expect(await isKnown(keys, "d-1")).toBe(true);
    gate = new Promise(() => {});
    clock.advanceSeconds(3600);
    for (let n = 0; n < 3; n += 1) {
      expect(await isKnown(keys, "d-1")).toBe(true);
      expect(keys.isFresh(clock.wallMs())).toBe(true);
      clock.advanceMs(5000);
    }
    expect(readings).toBe(2);
  });

  it("a process that was frozen for days waits for the keys of today", async () => {
    const keys = keysWith();
    expect(await isKnown(keys, "d-1")).toBe(true);
    published = { keys: [] };
    clock.advanceSeconds(3 * 86_400);
    expect(await isKnown(keys, "d-1")).toBe(false);
  });

  it("where a request's work ends with it, it waits for its own reading", async () => {
    const keys = keysWith({ sharesReadings: false });
    expect(await isKnown(keys, "d-1")).toBe(true);
    published = { keys: [] };
    clock.advanceSeconds(600);
    expect(await isKnown(keys, "d-1")).toBe(false);
  });

  it("where requests may not wait for each other, each reads for itself", async () => {
    const keys = keysWith({ sharesReadings: false });
    expect(await Promise.all(["d-1", "d-1", "d-1"].map((kid) => isKnown(keys, kid)))).toEqual([
      true,
      true,
      true,
    ]);
    expect(readings).toBe(3);
  });

  it("what is no longer published, or under the same kid another key, is reported [sec K-08]", async () => {
    const [first, second] = [jwkOf("d-1"), jwkOf("d-2")];
    published = { keys: [first, second] };
    const keys = keysWith();
    const withdrawn: string[] = [];
    keys.onWithdrawn = (kid) => withdrawn.push(kid);
    expect(await isKnown(keys, "d-1")).toBe(true);
    published = { keys: [first, jwkOf("d-2")] };
    clock.advanceSeconds(600);
    await readBehind(keys);
    expect(await isKnown(keys, "d-2")).toBe(true);
    expect(withdrawn).toEqual(["d-2"]);
    published = { keys: [] };
    clock.advanceSeconds(600);
    await readBehind(keys);
    expect(await isKnown(keys, "d-1")).toBe(false);
    expect(withdrawn.sort()).toEqual(["d-1", "d-2", "d-2"]);
  });

  it("one that is weak, private, of another algorithm or malformed takes no other with it [sec K-01, T-01, T-02]", async () => {
    const rsa = (modulusLength: number): object =>
      generateKeyPairSync("rsa", { modulusLength }).publicKey.export({ format: "jwk" });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    published = {
      keys: [
        null,
        "x",
        {},
        jwkOf("a", { alg: "HS256" }),
        jwkOf("b", { alg: undefined }),
        jwkOf("c", { use: "enc" }),
        jwkOf("d", { x: "AA" }),
        { kty: "oct", k: "c2VjcmV0", kid: "e", alg: "HS256" },
        { ...privateKey.export({ format: "jwk" }), kid: "f", alg: "ES256" },
        { ...rsa(1024), kid: "g", alg: "RS256" },
        { ...rsa(2048), kid: "h", alg: "RS256" },
        jwkOf("d-1"),
      ],
    };
    const keys = keysWith({ algorithms: ["ES256", "EdDSA"] });
    expect(await isKnown(keys, "d-1")).toBe(true);
    for (const kid of "abcdefgh") expect(await isKnown(keys, kid), kid).toBe(false);
  });

  it.each([[null], [[]], ["x"], [{}], [{ keys: {} }]])("%o is no key set", async (answer) => {
    published = answer;
    await expect(keysWith().find("d-1")).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  });
});
