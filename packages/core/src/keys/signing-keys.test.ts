import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { heldStore } from "../../test/support/held-store.js";
import { SpyStore } from "../../test/support/spy-store.js";
import { TestClock } from "../../test/support/test-clock.js";
import { platform } from "../platform/node.js";
import { systemRandom } from "../runtime/random.js";
import { guardedStore } from "../store/guarded-store.js";
import type { SigningKeyRow } from "../store/session-store.js";
import { type SigningKeySettings, SigningKeys } from "./signing-keys.js";

const HOUR_MS = 3_600_000;
const SETTINGS: SigningKeySettings = {
  algorithm: "ES256",
  family: "dynamic",
  rotationIntervalMs: 168 * HOUR_MS,
  accessTokenValidityMs: HOUR_MS,
  reloadIntervalMs: 4 * HOUR_MS,
};

let clock: TestClock;
let store: SpyStore;
beforeEach(() => {
  clock = new TestClock();
  store = new SpyStore();
});

const instance = (settings: Partial<SigningKeySettings> = {}): SigningKeys =>
  new SigningKeys(
    platform,
    guardedStore(store, () => {}),
    clock,
    systemRandom,
    { ...SETTINGS, ...settings },
  );
const reads = (): number => store.calls.filter((call) => call === "listSigningKeys").length;
const inBackground = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const down = (): void => {
  store.fail = () => "before";
};
const up = (): void => {
  store.fail = undefined;
};

/** A row as another version, or a hand, may have written it. */
function rowWith(fields: Partial<SigningKeyRow>): SigningKeyRow {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    kid: "d-by-hand",
    family: "dynamic",
    algorithm: "ES256",
    sequence: 1,
    createdAtMs: clock.wallMs(),
    publicJwkJson: JSON.stringify(publicKey.export({ format: "jwk" })),
    privateJwkJson: JSON.stringify(privateKey.export({ format: "jwk" })),
    ...fields,
  };
}

describe("names and first boot", () => {
  it("names a key by 64 random bits, so that two made in one moment differ [sec K-02]", async () => {
    const kids = new Set<string>();
    for (let n = 0; n < 50; n += 1) {
      store = new SpyStore();
      kids.add((await instance().signing()).kid);
    }
    expect(kids.size).toBe(50);
    for (const kid of kids) expect(kid).toMatch(/^d-[0-9a-f]{16}$/);
  });

  it("32 instances that start at once on an empty store sign with one key [sec K-03, T-12]", async () => {
    const instances = Array.from({ length: 32 }, () => instance());
    const signing = await Promise.all(instances.map((keys) => keys.signing()));
    expect(new Set(signing.map(({ kid }) => kid)).size).toBe(1);
    expect(await store.listSigningKeys()).toHaveLength(1);
    for (const keys of instances) expect(keys.known(signing[0]?.kid ?? "")).toBeDefined();
  });

  it("an instance that read the table before the first key was made finds it at once [sec T-12, K-05]", async () => {
    const early = instance();
    await early.find("d-something");
    const { kid } = await instance().signing();
    clock.advanceMs(1_000);
    expect(await early.find(kid)).toMatchObject({ kid, algorithm: "ES256" });
  });

  it("a key made a moment after the table was read at boot is found at its first use [sec T-12]", async () => {
    const early = instance();
    await early.signing();
    const { kid } = await instance({ algorithm: "EdDSA" }).signing();
    expect(await early.find(kid)).toMatchObject({ kid, algorithm: "EdDSA" });
  });
});

describe("rotation [sec K-04]", () => {
  it("publishes a key a minute before it signs, and verifies until no token of it can be left", async () => {
    const keys = instance();
    const old = await keys.signing();
    clock.advanceMs(SETTINGS.rotationIntervalMs - 60_000);
    expect((await keys.signing()).kid).toBe(old.kid);
    const published = (await keys.jwks()).keys.map(({ kid }) => kid);
    expect(published).toHaveLength(2);
    expect(published).toContain(old.kid);
    clock.advanceMs(59_999);
    expect((await keys.signing()).kid).toBe(old.kid);
    clock.advanceMs(1);
    const next = await keys.signing();
    expect(next.kid).toBe(published.find((kid) => kid !== old.kid));
    // The last token of the old key was made just now, and lives for an hour.
    clock.advanceMs(HOUR_MS + 300_000);
    expect(keys.known(old.kid)).toBeDefined();
    clock.advanceMs(HOUR_MS);
    expect(keys.known(old.kid)).toBeUndefined();
  });

  it("is driven by one winner: 8 instances rotating at once make one key [sec K-07]", async () => {
    const instances = Array.from({ length: 8 }, () => instance());
    await Promise.all(instances.map((keys) => keys.signing()));
    for (let round = 1; round <= 5; round += 1) {
      clock.advanceMs(SETTINGS.rotationIntervalMs);
      const kids = await Promise.all(instances.map(async (keys) => (await keys.signing()).kid));
      expect(new Set(kids).size).toBe(1);
      expect(await store.listSigningKeys()).toHaveLength(round + 1);
    }
  });

  it.each(["before", "after"] as const)(
    "goes on after an insert that failed %s it was done [sec K-07]",
    async (when) => {
      const keys = instance();
      const other = instance();
      await keys.signing();
      await other.signing();
      clock.advanceMs(SETTINGS.rotationIntervalMs);
      store.fail = (operation) => (operation === "insertSigningKey" ? when : undefined);
      await expect(keys.signing()).rejects.toThrow();
      up();
      const { kid } = await keys.signing();
      expect((await other.signing()).kid).toBe(kid);
      expect(await store.listSigningKeys()).toHaveLength(2);
      expect(await other.find(kid)).toBeDefined();
    },
  );

  it("looks at ages when a key is used: frozen for a week, the first use is right [sec K-10]", async () => {
    const frozen = instance();
    const awake = instance();
    await frozen.signing();
    clock.advanceMs(SETTINGS.rotationIntervalMs + 60_000);
    const { kid } = await awake.signing();
    expect(await frozen.find(kid)).toBeDefined();
    expect((await frozen.signing()).kid).toBe(kid);
  });

  it("a wall clock that was years ahead for a moment does not stop rotation [sec TM-02, TM-03]", async () => {
    const keys = instance();
    const before = await keys.signing();
    clock.stepWallMs(2 * 365 * 24 * HOUR_MS);
    const ahead = await keys.signing();
    expect(ahead.kid).not.toBe(before.kid);
    clock.stepWallMs(-2 * 365 * 24 * HOUR_MS);
    await keys.signing();
    expect(keys.known(before.kid)).toBeDefined();
    clock.advanceMs(120_000);
    const after = await keys.signing();
    expect(after.kid).not.toBe(ahead.kid);
    clock.advanceMs(SETTINGS.rotationIntervalMs);
    expect((await keys.signing()).kid).not.toBe(after.kid);
  });

  it("a wall clock that steps back a day keeps the table fresh and signs with the same key [sec TM-02]", async () => {
    const keys = instance();
    const { kid } = await keys.signing();
    clock.stepWallMs(-24 * HOUR_MS);
    expect(keys.isFresh(clock.wallMs())).toBe(false);
    expect(await keys.find(kid)).toBeDefined();
    clock.advanceMs(1_000);
    expect(await keys.find(kid)).toBeDefined();
    expect(keys.isFresh(clock.wallMs())).toBe(true);
    expect((await keys.signing()).kid).toBe(kid);
  });
});

describe("what is made, is made once", () => {
  it("40 logins at once make one key, import it once, and so do 40 static tokens", async () => {
    let made = 0;
    let imported = 0;
    const counting = {
      ...platform,
      generateKeyPair: (algorithm: "ES256" | "RS256" | "EdDSA") => {
        made += 1;
        return platform.generateKeyPair(algorithm);
      },
      importSignKey: (...given: Parameters<typeof platform.importSignKey>) => {
        imported += 1;
        return platform.importSignKey(...given);
      },
    };
    const keys = new SigningKeys(counting, store, clock, systemRandom, { ...SETTINGS, algorithm: "RS256" });
    const all = Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? keys.signing() : keys.staticSigning()));
    expect(new Set((await Promise.all(all)).map(({ kid }) => kid)).size).toBe(2);
    expect([made, imported]).toEqual([2, 2]);
    await keys.staticSigning();
    expect([made, imported]).toEqual([2, 2]);
    clock.advanceMs(SETTINGS.rotationIntervalMs);
    await Promise.all(Array.from({ length: 40 }, () => keys.signing()));
    expect(made).toBe(3);
  });

  it("and again after it failed", async () => {
    const keys = instance();
    store.fail = (operation) => (operation === "insertSigningKey" ? "before" : undefined);
    const failed = await Promise.allSettled(Array.from({ length: 5 }, () => keys.signing()));
    expect(failed.every(({ status }) => status === "rejected")).toBe(true);
    up();
    expect((await keys.signing()).kid).toMatch(/^d-/);
  });
});

describe("services with tokens of different lengths on one store", () => {
  const MINUTE_MS = 60_000;
  const day: Partial<SigningKeySettings> = {
    accessTokenValidityMs: 24 * HOUR_MS,
    rotationIntervalMs: HOUR_MS,
  };
  const minute: Partial<SigningKeySettings> = {
    accessTokenValidityMs: MINUTE_MS,
    rotationIntervalMs: HOUR_MS,
  };

  it("none deletes a key, or stops accepting it, while another one's tokens of it are out", async () => {
    const [short, long] = [instance(minute), instance(day)];
    const tokens: { kid: string; untilMs: number }[] = [];
    for (let n = 0; n < 300; n += 1) {
      for (const [keys, validityMs] of [
        [short, MINUTE_MS],
        [long, 24 * HOUR_MS],
      ] as const) {
        const { kid } = await keys.signing();
        tokens.push({ kid, untilMs: clock.wallMs() + validityMs });
      }
      await short.deleteOutdated(clock.wallMs());
      clock.advanceMs(10 * MINUTE_MS);
      clock.advanceMs(1_001);
      const live = new Set(tokens.filter(({ untilMs }) => untilMs > clock.wallMs()).map(({ kid }) => kid));
      for (const kid of live) {
        expect(await short.find(kid), kid).toBeDefined();
        expect(await long.find(kid), kid).toBeDefined();
      }
    }
    // And they are deleted all the same; each service makes as many as its rotation asks for, and one to begin with.
    const rows = await store.listSigningKeys();
    expect(Math.max(...rows.map(({ sequence }) => sequence))).toBeLessThan(60);
    expect(rows.length).toBeLessThan(54);
    expect(
      (await short.jwks()).keys.every((key) => Object.keys(key).every((name) => !/keep/.test(name))),
    ).toBe(true);
  });
});

describe("unknown kids [sec K-05]", () => {
  it("a flood of them costs one reading per second, shared by all that wait", async () => {
    const keys = instance();
    await keys.signing();
    store.reset();
    for (let second = 0; second < 5; second += 1) {
      const found = await Promise.all(Array.from({ length: 500 }, (_, n) => keys.find(`d-${second}-${n}`)));
      expect(found.every((key) => key === undefined)).toBe(true);
      clock.advanceMs(1_000);
    }
    expect(reads()).toBe(5);
  });

  it("one found missing is not asked for again for 30 s", async () => {
    const keys = instance();
    await keys.signing();
    await keys.find("d-missing");
    store.reset();
    clock.advanceMs(29_999);
    expect(await keys.find("d-missing")).toBeUndefined();
    expect(reads()).toBe(0);
    clock.advanceMs(1);
    await keys.find("d-missing");
    expect(reads()).toBe(1);
  });

  it("one that was only turned away by the limit is asked for as soon as the limit allows", async () => {
    const keys = instance();
    await keys.signing();
    await keys.find("d-junk");
    const { kid } = await instance({ algorithm: "EdDSA" }).signing();
    expect(await keys.find(kid)).toBeUndefined();
    clock.advanceMs(1_000);
    expect(await keys.find(kid)).toBeDefined();
  });
});

describe("an unreachable key table [sec K-06, O-01]", () => {
  it("no request with a known key waits for a store that hangs, and it is asked by one at a time", async () => {
    const held = heldStore(store);
    const keys = new SigningKeys(platform, held.store, clock, systemRandom, SETTINGS);
    const { kid } = await keys.signing();
    clock.advanceMs(SETTINGS.reloadIntervalMs);
    store.reset();
    const reached = held.hold("listSigningKeys", "after");
    for (let n = 0; n < 1000; n += 1) {
      expect(await keys.find(kid)).toBeDefined();
      clock.advanceMs(10);
    }
    await reached;
    // On the fast path too, but for one request every five seconds.
    expect(keys.isFresh(clock.wallMs() - 11)).toBe(true);
    expect(reads()).toBe(1);
    held.release();
    await inBackground();
    clock.advanceMs(SETTINGS.reloadIntervalMs - 1);
    expect(keys.isFresh(clock.wallMs())).toBe(true);
  });

  it("an unknown kid is 503, also while the limit holds; a known key verifies for days", async () => {
    const keys = instance();
    const { kid } = await keys.signing();
    down();
    for (let n = 0; n < 3; n += 1) {
      await expect(keys.find(`d-unknown-${n}`)).rejects.toMatchObject({
        type: "STORE_UNAVAILABLE",
        status: 503,
      });
    }
    for (let hour = 0; hour < 48; hour += 1) {
      clock.advanceMs(HOUR_MS);
      expect(await keys.find(kid)).toBeDefined();
    }
    up();
    clock.advanceMs(1_000);
    expect(await keys.find("d-unknown-0")).toBeUndefined();
  });

  it("at cold start is 503 for everything", async () => {
    down();
    const keys = instance();
    await expect(keys.find("d-any")).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    // A store that does not answer takes its 3 s once, not twice.
    expect(reads()).toBe(1);
    await expect(keys.signing()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  });
});

describe("withdrawal [sec K-08]", () => {
  it("stops verification here at once; another instance stops when it next signs, a minute later at most", async () => {
    const here = instance();
    const elsewhere = instance();
    const withdrawn: string[] = [];
    elsewhere.onWithdrawn = (kid) => withdrawn.push(kid);
    const { kid } = await here.signing();
    await elsewhere.signing();
    await here.withdraw(kid);
    expect(here.known(kid)).toBeUndefined();
    expect(await here.find(kid)).toBeUndefined();
    const next = await here.signing();
    expect(next.kid).not.toBe(kid);
    clock.advanceMs(60_000);
    expect((await elsewhere.signing()).kid).toBe(next.kid);
    expect(elsewhere.known(kid)).toBeUndefined();
    expect(withdrawn).toEqual([kid]);
  });

  it("an instance that signs nothing stops when its table is too old", async () => {
    const here = instance();
    const elsewhere = instance();
    const { kid } = await here.signing();
    await elsewhere.find(kid);
    await here.withdraw(kid);
    clock.advanceMs(SETTINGS.reloadIntervalMs);
    // The request that finds it so does not wait for the reading.
    expect(await elsewhere.find(kid)).toBeDefined();
    await inBackground();
    expect(await elsewhere.find(kid)).toBeUndefined();
  });

  it("an instance that was frozen for days does not use it once more", async () => {
    const here = instance();
    const frozen = instance({ family: "static" });
    const { kid } = await frozen.signing();
    await here.withdraw(kid);
    clock.advanceMs(3 * 24 * HOUR_MS);
    expect(await frozen.find(kid)).toBeUndefined();
  });

  it("a static key that was withdrawn signs nothing elsewhere, a minute later at most", async () => {
    const [here, elsewhere] = [instance(), instance()];
    const { kid } = await elsewhere.staticSigning();
    await here.withdraw(kid);
    clock.advanceMs(60_000);
    expect((await elsewhere.staticSigning()).kid).not.toBe(kid);
    expect((await here.staticSigning()).kid).toBe((await elsewhere.staticSigning()).kid);
  });

  it("is not undone by a reading that was under way", async () => {
    const keys = instance();
    const { kid } = await keys.signing();
    clock.advanceMs(SETTINGS.reloadIntervalMs);
    const underWay = keys.find(kid);
    await Promise.all([underWay, keys.withdraw(kid)]);
    expect(keys.known(kid)).toBeUndefined();
  });
});

describe("rows that cannot be used [sec K-01, T-02]", () => {
  const offCurve = { kty: "EC", crv: "P-256", x: "AAAA", y: "AAAA" };
  it.each([
    ["not JSON", "{"],
    ["not an object", "[]"],
    ["null", "null"],
    ["a text", '"-----BEGIN PUBLIC KEY-----"'],
    ["an empty key", "{}"],
    ["a symmetric key", '{"kty":"oct","k":"AAAA"}'],
    ["a point off its curve", JSON.stringify(offCurve)],
  ])("%s: left out and said once, and the others go on", async (_, publicJwkJson) => {
    await store.insertSigningKey(rowWith({ kid: "d-broken", sequence: 7, publicJwkJson }));
    const unusable: string[] = [];
    const keys = instance();
    keys.onUnusable = (kid) => unusable.push(kid);
    const { kid } = await keys.signing();
    expect(kid).not.toBe("d-broken");
    clock.advanceMs(1_000);
    expect(await keys.find("d-broken")).toBeUndefined();
    expect(unusable).toEqual(["d-broken"]);
    expect((await keys.jwks()).keys.map((key) => key.kid)).toEqual([kid]);
  });

  it("an algorithm that a newer version may know is left out", async () => {
    await store.insertSigningKey(
      rowWith({ kid: "d-newer", algorithm: "PS512" as SigningKeyRow["algorithm"] }),
    );
    const keys = instance();
    expect(await keys.find("d-newer")).toBeUndefined();
  });
});

describe("what is published [sec K-12]", () => {
  it.each(["ES256", "RS256", "EdDSA"] as const)("%s: public members only", async (algorithm) => {
    const keys = instance({ algorithm });
    await keys.signing();
    clock.advanceMs(SETTINGS.rotationIntervalMs - 60_000);
    const { keys: jwks } = await keys.jwks();
    expect(jwks).toHaveLength(2);
    const allowed = new Set(["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"]);
    for (const jwk of jwks) {
      expect(Object.keys(jwk).filter((member) => !allowed.has(member))).toEqual([]);
      expect(jwk).toMatchObject({ alg: algorithm, use: "sig" });
    }
  });

  it("a copy is good for half the time that a key is published before it signs, and never beyond the next key", async () => {
    const keys = instance();
    await keys.signing();
    const validity = async (): Promise<number> => (await keys.jwks()).validityInSeconds;
    expect(await validity()).toBe(30);
    clock.advanceMs(SETTINGS.rotationIntervalMs - 60_000 - 12_000);
    expect(await validity()).toBe(12);
    clock.advanceMs(11_999);
    expect([await validity(), (await keys.jwks()).keys.length]).toEqual([1, 1]);
    clock.advanceMs(1);
    expect((await keys.jwks()).keys).toHaveLength(2);
  });

  it("a copy shows what another process has done half that time ago", async () => {
    const [keys, other] = [instance(), instance({ algorithm: "EdDSA" })];
    await keys.jwks();
    const { kid } = await other.signing();
    clock.advanceMs(30_000);
    expect((await keys.jwks()).keys.map((key) => key.kid)).toContain(kid);
  });

  it("is what is in memory while the store is away, for as long as that verifies", async () => {
    const keys = instance();
    const { kid } = await keys.signing();
    down();
    const kids = async (): Promise<unknown[]> => (await keys.jwks()).keys.map((key) => key.kid);
    for (const ms of [61_000, HOUR_MS, 24 * HOUR_MS, SETTINGS.rotationIntervalMs - 26 * HOUR_MS]) {
      clock.advanceMs(ms);
      expect(await kids()).toEqual([kid]);
    }
    clock.advanceMs(5 * HOUR_MS);
    await expect(keys.jwks()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    up();
    expect(await kids()).toHaveLength(1);
  });

  it("a store that is away is asked once in five seconds, however many want them", async () => {
    const keys = instance();
    await keys.signing();
    down();
    clock.advanceMs(61_000);
    store.reset();
    for (let n = 0; n < 499; n += 1) {
      await keys.jwks();
      await inBackground();
      clock.advanceMs(10);
    }
    expect(reads()).toBe(1);
    clock.advanceMs(10);
    await keys.jwks();
    expect(reads()).toBe(2);
  });

  it("of a store that hangs one request waits, and the others are answered from memory", async () => {
    const held = heldStore(store);
    const keys = new SigningKeys(platform, held.store, clock, systemRandom, SETTINGS);
    const { kid } = await keys.signing();
    clock.advanceMs(61_000);
    const reached = held.hold("listSigningKeys", "before");
    const first = keys.jwks();
    await reached;
    clock.advanceMs(250);
    for (let n = 0; n < 100; n += 1) expect((await keys.jwks()).keys[0]?.kid).toBe(kid);
    held.release();
    expect((await first).keys[0]?.kid).toBe(kid);
  });
});
