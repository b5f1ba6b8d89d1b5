import { statSync } from "node:fs";
import { expect, it } from "vitest";
import { freshPath, liveSession } from "../../test/sqlite/fixture.js";
import { loadDriver } from "./load-driver.js";
import { type SqliteStore, sqliteStore } from "./sqlite-store.js";

const handlesOf = (store: SqliteStore): Promise<string[]> =>
  store.listSessionHandles("user", undefined, Date.now());

it.each(["node:sqlite", "better-sqlite3"] as const)(
  "writes of one moment are one commit, answered when everybody can read it (%s)",
  async (driver) => {
    const path = freshPath();
    const store = sqliteStore({ path, driver });
    const other = loadDriver(driver).open(path);
    const walBytes = (): number => statSync(`${path}-wal`).size;
    const insert = async (handle: string): Promise<void> => {
      await store.insertSession(liveSession({ handle }));
      const found = other.prepare("SELECT handle FROM sessions WHERE handle = ?").all(handle);
      expect(found).toHaveLength(1);
    };
    await insert("first");
    const start = walBytes();
    await insert("alone");
    const oneCommit = walBytes() - start;
    await Promise.all(["a", "b", "c", "d"].map(insert));
    // Each commit adds the pages it has changed.
    expect(walBytes() - start).toBe(2 * oneCommit);
    other.close();
    await store.close();
  },
);

it("one that fails fails alone, whatever it fails of", async () => {
  const store = sqliteStore({ path: freshPath() });
  await store.insertSession(liveSession({ handle: "there" }));
  const nowMs = Date.now();
  const outcomes = await Promise.allSettled([
    store.insertSession(liveSession({ handle: "a" })),
    store.insertSession(liveSession({ handle: "there" })),
    store.updateAccessTokenPayload("there", nowMs, () => {
      throw new Error("the application's");
    }),
    store.replaceSessionData("there", nowMs, "\0"),
    store.replaceSessionData("there", nowMs, '{"b":1}'),
    store.insertSession(liveSession({ handle: "z" })),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "rejected",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  expect((await handlesOf(store)).sort()).toEqual(["a", "there", "z"]);
  expect((await store.getSession("there", nowMs))?.sessionDataJson).toBe('{"b":1}');
  await store.close();
});

it("they take effect in the order in which they were asked for, and each sees the ones before", async () => {
  const store = sqliteStore({ path: freshPath() });
  await store.insertSession(liveSession());
  const nowMs = Date.now();
  const promotions = await Promise.all(
    [0, 1, 1, 2].map((generation) =>
      store.promoteSession({
        handle: "h",
        expectedRefreshTokenHash2: `hash-${generation}`,
        nextRefreshTokenHash2: `hash-${generation + 1}`,
        nextSecretId: "secret",
        nowMs,
        expiresAtMs: nowMs + 1000,
      }),
    ),
  );
  expect(promotions.map((row) => row?.generation)).toEqual([1, 2, undefined, 3]);
  await store.close();
});

it("waits, all of it, for a lock that another process holds, and closing waits for it [sec ST-12]", async () => {
  const path = freshPath();
  const store = sqliteStore({ path });
  const other = loadDriver().open(path);
  other.exec("BEGIN IMMEDIATE");
  const inserted = Promise.all(
    Array.from({ length: 100 }, (_, n) => store.insertSession(liveSession({ handle: `h-${n}` }))),
  );
  // Longer than SQLite waits by itself.
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(await handlesOf(store)).toEqual([]);
  other.exec("COMMIT");
  other.close();
  await Promise.all([inserted, store.close()]);
  const again = sqliteStore({ path });
  expect(await handlesOf(again)).toHaveLength(100);
  await again.close();
});
