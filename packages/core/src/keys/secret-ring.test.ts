import { describe, expect, it } from "vitest";
import { storeUnavailable } from "../errors/throwers.js";
import { platform } from "../platform/node.js";
import { systemRandom } from "../runtime/random.js";
import { MemoryStore } from "../store/memory-store.js";
import { type SecretKeys, SecretRing, STORED } from "./secret-ring.js";

const [A, B] = ["a".repeat(32), "b".repeat(32)] as const;

class CountingStore extends MemoryStore {
  reads = 0;
  override listSecrets(
    ...args: Parameters<MemoryStore["listSecrets"]>
  ): ReturnType<MemoryStore["listSecrets"]> {
    this.reads += 1;
    return super.listSecrets(...args);
  }
}

const clock = { nowMs: 0, wallMs: (): number => clock.nowMs, monoMs: (): number => clock.nowMs };
const ringOver = (store: MemoryStore, ...secrets: string[]): SecretRing =>
  new SecretRing(platform, store, clock, systemRandom, secrets);

it("without the option, all processes share one secret that the first one makes [wire ST-11]", async () => {
  const store = new MemoryStore();
  const keys = await Promise.all([1, 2, 3, 4].map(() => ringOver(store).primary()));
  expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
  expect(await store.listSecrets()).toHaveLength(1);
});

it("derives a key per purpose, and the same ones from the same secret [sec K-11]", async () => {
  const [one, two] = [
    await ringOver(new MemoryStore(), A).primary(),
    await ringOver(new MemoryStore(), A).primary(),
  ];
  const macsOf = async ({ tag, succession, antiCsrf }: SecretKeys) =>
    Promise.all([tag, succession, antiCsrf].map((key) => key.mac("text")));
  const macs = await macsOf(one);
  expect(two.id).toBe(one.id);
  expect(await macsOf(two)).toEqual(macs);
  const undivided = await platform.importMacKey(new TextEncoder().encode(A));
  expect(new Set([...macs, await undivided.mac("text")]).size).toBe(4);
});

it("the first of several is used, all are known, and the store's own too", async () => {
  const store = new MemoryStore();
  const stored = await ringOver(store).primary();
  const [a, b] = await Promise.all([A, B].map((text) => ringOver(new MemoryStore(), text).primary()));
  const ring = ringOver(store, B, A, STORED);
  expect((await ring.primary()).id).toBe(b?.id);
  expect((await ring.find(a?.id ?? ""))?.id).toBe(a?.id);
  expect((await ring.find(stored.id))?.id).toBe(stored.id);
  expect(await ringOver(new MemoryStore(), A).find(b?.id ?? "")).toBeUndefined();
});

describe("an unknown id", () => {
  /** What the ring says of an id, without a look at the store's answer. */
  const said = (ring: SecretRing, id: string): Promise<string> =>
    ring.find(id).then(
      (keys) => (keys === undefined ? "nobody's" : "known"),
      (error: { type: string }) => error.type,
    );

  it("in a flood of invented ones everybody is answered by the next look, a second later at most [sec D-03]", async () => {
    const store = new CountingStore();
    const ring = ringOver(store);
    const { id } = await ring.primary();
    clock.nowMs += 1_000;
    store.reads = 0;
    expect(await said(ring, "unknown")).toBe("nobody's");
    const flood = Array.from({ length: 3_500 }, (_, i) => said(ring, `unknown-${i}`));
    let isOver = false;
    const all = Promise.all(flood).finally(() => {
      isOver = true;
    });
    // Who is known is never made to wait for those who are not.
    expect(await said(ring, id)).toBe("known");
    expect([isOver, store.reads]).toEqual([false, 1]);
    expect(new Set(await all)).toEqual(new Set(["nobody's"]));
    expect(store.reads).toBe(2);
  });

  it("more than can wait are told to ask again", async () => {
    const ring = ringOver(new MemoryStore());
    clock.nowMs += 1_000;
    await ring.find("unknown");
    const flood = Array.from({ length: 10_001 }, (_, i) => said(ring, `unknown-${i}`));
    expect((await Promise.all(flood)).filter((answer) => answer !== "nobody's")).toEqual([
      "STORE_UNAVAILABLE",
    ]);
    await expect(ring.find("unknown")).resolves.toBeUndefined();
  });

  it("a secret that another process makes within that second is no reason to log anybody out", async () => {
    const store = new MemoryStore();
    const ring = ringOver(store);
    const { id: first } = await ring.primary();
    clock.nowMs += 1_000;
    expect(await said(ring, "invented")).toBe("nobody's");
    await store.withdrawSecret(first);
    const next = await ringOver(store).primary();
    expect(await said(ring, next.id)).toBe("known");
  });

  it("the first reading of all answers it, and a reading that began before it does not", async () => {
    const store = new MemoryStore();
    expect(await said(ringOver(store), "invented")).toBe("nobody's");
    const ring = ringOver(store);
    const { id } = await ring.primary();
    clock.nowMs += 60_000;
    let release: () => void = () => {};
    const original = store.listSecrets.bind(store);
    store.listSecrets = async (candidate) => {
      const rows = await original(candidate);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return rows;
    };
    const slow = said(ring, "invented");
    await new Promise((resolve) => setImmediate(resolve));
    store.listSecrets = original;
    await store.withdrawSecret(id);
    const next = await ringOver(store).primary();
    const during = said(ring, next.id);
    release();
    expect([await slow, await during]).toEqual(["nobody's", "known"]);
  });

  it("while the store is away: 503, and one look a second", async () => {
    const store = new CountingStore();
    const ring = ringOver(store);
    const { id } = await ring.primary();
    clock.nowMs += 1_000;
    store.reads = 0;
    const original = store.listSecrets.bind(store);
    store.listSecrets = async () => {
      store.reads += 1;
      throw storeUnavailable("away");
    };
    const flood = Array.from({ length: 100 }, (_, i) => said(ring, i % 2 === 0 ? "gone" : `unknown-${i}`));
    expect(await said(ring, id)).toBe("known");
    expect(new Set(await Promise.all(flood))).toEqual(new Set(["STORE_UNAVAILABLE"]));
    expect(store.reads).toBe(1);
    store.listSecrets = original;
    clock.nowMs += 1_000;
    expect(await said(ring, "gone")).toBe("nobody's");
  });
});

it("gives the secret back to a store that has lost it, so that processes started later take its tokens", async () => {
  const lost = new MemoryStore();
  const emptied = new MemoryStore();
  let store = lost;
  const restored = new Proxy(lost, {
    get: (_, name) => {
      const member: unknown = Reflect.get(store, name);
      return typeof member === "function" ? member.bind(store) : member;
    },
  });
  const ring = ringOver(restored);
  const { id } = await ring.primary();
  store = emptied;
  clock.nowMs += 59_999;
  expect((await ring.primary()).id).toBe(id);
  expect(await emptied.listSecrets()).toEqual([]);
  clock.nowMs += 1;
  expect((await ring.primary()).id).toBe(id);
  expect(await emptied.listSecrets()).toEqual(await lost.listSecrets());
  expect((await ringOver(emptied).primary()).id).toBe(id);
});

it("takes the secret that another process has made meanwhile, and still knows its own", async () => {
  const store = new MemoryStore();
  const ring = ringOver(store);
  const own = await ring.primary();
  const other = { id: "other", secret: "b3RoZXI" };
  store.listSecrets = async () => [other];
  clock.nowMs += 60_000;
  expect((await ring.primary()).id).toBe("other");
  expect(await ring.find(own.id)).toBe(own);
});

describe("the option beside a secret that the store has", () => {
  it("the store's goes on being used, and is said to be, until the option names its place", async () => {
    const store = new MemoryStore();
    const stored = await ringOver(store).primary();
    const ring = ringOver(store, A);
    let said = 0;
    ring.onStoredUsed = () => {
      said += 1;
    };
    expect((await ring.primary()).id).toBe(stored.id);
    clock.nowMs += 60_000;
    expect((await ring.primary()).id).toBe(stored.id);
    expect(said).toBe(1);
    const named = ringOver(store, A, STORED);
    const { id } = await named.primary();
    expect(id).not.toBe(stored.id);
    expect(await ring.find(id)).toBeDefined();
    expect(await named.find(stored.id)).toBeDefined();
    expect(await ringOver(store, STORED, A).primary()).toMatchObject({ id: stored.id });
  });

  it("a store that has none gets none, unless the option puts the store's first", async () => {
    const store = new MemoryStore();
    for (const secrets of [[A], [A, B], [A, STORED]]) await ringOver(store, ...secrets).primary();
    expect(await store.listSecrets()).toEqual([]);
    const { id } = await ringOver(store, STORED, A).primary();
    expect(await store.listSecrets()).toEqual([expect.objectContaining({ id })]);
  });
});

describe("a secret that is withdrawn", () => {
  it("is accepted nowhere any more within a minute, and none of the processes gives it back", async () => {
    const store = new MemoryStore();
    const [here, elsewhere] = [ringOver(store), ringOver(store)];
    const { id } = await here.primary();
    await elsewhere.primary();
    expect(await here.withdraw(id)).toBe(true);
    expect(await here.withdraw(id)).toBe(false);
    expect(await here.find(id)).toBeUndefined();
    const next = await here.primary();
    expect(next.id).not.toBe(id);
    expect((await elsewhere.find(next.id))?.id ?? (await elsewhere.primary()).id).toBeDefined();
    clock.nowMs += 60_000;
    expect((await elsewhere.primary()).id).toBe(next.id);
    expect(await elsewhere.find(id)).toBeUndefined();
    expect(await store.listSecrets()).toEqual([{ id, secret: "" }, expect.objectContaining({ id: next.id })]);
  });

  it("a process that only refreshes forgets it too", async () => {
    const store = new MemoryStore();
    const [here, elsewhere] = [ringOver(store), ringOver(store)];
    const { id } = await elsewhere.primary();
    await here.withdraw(id);
    clock.nowMs += 60_000;
    await elsewhere.find(id);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await elsewhere.find(id)).toBeUndefined();
  });

  it("is withdrawn again when a process that slept gives it back to a store that has lost everything", async () => {
    let store = new MemoryStore();
    const restored = new Proxy(store, {
      get: (_, name) => {
        const member: unknown = Reflect.get(store, name);
        return typeof member === "function" ? member.bind(store) : member;
      },
    });
    const [awake, asleep] = [ringOver(restored), ringOver(restored)];
    const { id } = await asleep.primary();
    await awake.withdraw(id);
    const next = await awake.primary();
    store = new MemoryStore();
    clock.nowMs += 60_000;
    expect((await asleep.primary()).id).toBe(id);
    clock.nowMs += 60_000;
    expect((await awake.primary()).id).toBe(next.id);
    clock.nowMs += 60_000;
    expect((await asleep.primary()).id).toBe(next.id);
    expect(await asleep.find(id)).toBeUndefined();
  });

  it("leaves what the option has, which is taken out there", async () => {
    const store = new MemoryStore();
    const stored = await ringOver(store).primary();
    const ring = ringOver(store, A);
    await ring.primary();
    const [configured] = (await ring.list()).filter(({ from }) => from === "option");
    expect(configured?.makesNewTokens).toBe(false);
    await expect(ring.withdraw(configured?.id ?? "")).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    await ring.withdraw(stored.id);
    expect(await ring.list()).toEqual([{ ...configured, makesNewTokens: true }]);
    expect((await ring.primary()).id).toBe(configured?.id);
    expect(await store.listSecrets()).toEqual([{ id: stored.id, secret: "" }]);
  });
});

it("a hundred tabs that come at once to a process that has just started are all known", async () => {
  const store = new MemoryStore();
  const { id } = await ringOver(store).primary();
  const fresh = ringOver(store);
  const found = await Promise.all(Array.from({ length: 100 }, () => fresh.find(id)));
  expect(found.map((keys) => keys?.id)).toEqual(Array(100).fill(id));
});
