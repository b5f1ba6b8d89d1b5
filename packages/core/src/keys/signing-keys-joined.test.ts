import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { TestClock } from "../../test/support/test-clock.js";
import { platform } from "../platform/node.js";
import { systemRandom } from "../runtime/random.js";
import { MemoryStore } from "../store/memory-store.js";
import type { JoinedTransaction, SigningKeyRow } from "../store/session-store.js";
import { SigningKeys } from "./signing-keys.js";

const HOUR_MS = 3_600_000;
const I = 168 * HOUR_MS;

function setUp(store: MemoryStore, own = platform) {
  const clock = new TestClock();
  const keys = new SigningKeys(own, store, clock, systemRandom, {
    algorithm: "ES256",
    family: "dynamic",
    rotationIntervalMs: I,
    accessTokenValidityMs: HOUR_MS,
    reloadIntervalMs: 4 * HOUR_MS,
  });
  return { keys, clock };
}

describe("in a transaction of the application", () => {
  /** What the transaction shows, and the store itself when `rows` is undefined. */
  class JoinedStore extends MemoryStore {
    rows: SigningKeyRow[] | undefined;
    readonly tasks: (() => unknown)[] = [];
    joined(): JoinedTransaction | undefined {
      const { rows } = this;
      if (rows === undefined) return undefined;
      return {
        outside: async (work) => {
          this.rows = undefined;
          return work().finally(() => {
            this.rows = rows;
          });
        },
        afterwards: (task) => this.tasks.push(task),
        whenOver: () => {},
      };
    }
    override async listSigningKeys(): Promise<SigningKeyRow[]> {
      return this.rows ?? super.listSigningKeys();
    }
    async end(): Promise<void> {
      this.rows = undefined;
      for (const task of this.tasks.splice(0)) await task();
    }
  }

  it("an old moment of the store makes no key unknown, and brings none back that was withdrawn", async () => {
    const store = new JoinedStore();
    const { keys, clock } = setUp(store);
    const withdrawn = await keys.signing();
    const snapshot = await store.listSigningKeys();
    await keys.withdraw(withdrawn.kid);
    const next = await keys.signing();
    clock.advanceMs(2 * 60_000);
    store.rows = snapshot;
    expect((await keys.signing()).kid).toBe(next.kid);
    expect(keys.known(next.kid)).toBeDefined();
    expect(keys.known(withdrawn.kid)).toBeUndefined();
    await store.end();
    expect(keys.known(next.kid)).toBeDefined();
  });

  it("the next key waits until it is over while the last one is good, and is made at once where it is not", async () => {
    const store = new JoinedStore();
    const { keys, clock } = setUp(store);
    const first = await keys.signing();
    clock.advanceMs(I);
    store.rows = await store.listSigningKeys();
    expect((await keys.signing()).kid).toBe(first.kid);
    await store.end();
    expect(await store.listSigningKeys()).toHaveLength(2);
    clock.advanceMs(10 * I);
    store.rows = await store.listSigningKeys();
    const third = await keys.signing();
    store.rows = undefined;
    expect((await store.listSigningKeys()).map(({ kid }) => kid)).toContain(third.kid);
  });

  it("twenty that need the first key at once make one, and share it", async () => {
    const inside = new AsyncLocalStorage<boolean>();
    class PooledStore extends MemoryStore {
      joined(): JoinedTransaction | undefined {
        if (inside.getStore() !== true) return undefined;
        return { outside: (work) => inside.run(false, work), afterwards: () => {}, whenOver: () => {} };
      }
    }
    let made = 0;
    const { keys } = setUp(new PooledStore(), {
      ...platform,
      generateKeyPair(algorithm) {
        made += 1;
        return platform.generateKeyPair(algorithm);
      },
    });
    const logins = Array.from({ length: 20 }, () => inside.run(true, () => keys.signing()));
    const kids = (await Promise.all(logins)).map(({ kid }) => kid);
    expect([made, new Set(kids).size]).toEqual([1, 1]);
  });
});
