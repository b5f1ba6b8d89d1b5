import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type SqliteDriverName, type SqliteStore, sqliteStore } from "../../src/sqlite/index.js";
import { resultOf, startChild, startChildWithFileLimit } from "./child.js";
import { freshPath, HOUR_MS, liveSession } from "./fixture.js";

const nowMs = Date.now();

/** Every operation that must not take a broken file for "no session". */
const operations: Readonly<Record<string, (store: SqliteStore) => Promise<unknown>>> = {
  insert: (store) => store.insertSession(liveSession({ handle: `new-${Math.random()}` })),
  get: (store) => store.getSession("h", nowMs),
  promote: (store) =>
    store.promoteSession({
      handle: "h",
      expectedRefreshTokenHash2: "hash-0",
      nextRefreshTokenHash2: "hash-1",
      nextSecretId: "secret",
      nowMs,
      expiresAtMs: nowMs + HOUR_MS,
    }),
  update: (store) => store.updateAccessTokenPayload("h", nowMs, () => '{"n":1}'),
  replace: (store) => store.replaceSessionData("h", nowMs, '{"n":1}'),
  delete: (store) => store.deleteSessions(["h"], nowMs),
  list: (store) => store.listSessionHandles("user", undefined, nowMs),
  deleteOfUser: (store) => store.deleteSessionsOfUser("user", undefined, nowMs),
  keys: (store) => store.listSigningKeys(),
  secrets: (store) => store.listSecrets({ id: "another", secret: "c2VjcmV0" }),
};

async function openWithSession(path: string, driver: SqliteDriverName): Promise<SqliteStore> {
  const store = sqliteStore({ path, driver });
  onTestFinished(() => store.close().catch(() => {}));
  await store.insertSession(liveSession());
  await store.listSecrets({ id: "first", secret: "c2VjcmV0" });
  return store;
}

async function expectAllToThrow(store: SqliteStore): Promise<void> {
  for (const [name, operation] of Object.entries(operations)) {
    await expect(operation(store), name).rejects.toThrow();
  }
}

describe.each(["node:sqlite", "better-sqlite3"] as const)("F51, through %s", (driver) => {
  it("a file that was deleted makes every operation throw, also when it was moved and comes back [sec O-01]", async () => {
    const path = freshPath();
    const store = await openWithSession(path, driver);
    const aside = `${path}.aside`;
    renameSync(path, aside);
    await expectAllToThrow(store);
    expect(existsSync(path)).toBe(false);
    renameSync(aside, path);
    expect((await store.getSession("h", nowMs))?.handle).toBe("h");
    expect(await store.replaceSessionData("h", nowMs, '{"back":1}')).toBe(true);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
    await expectAllToThrow(store);
  });

  it("another file at the same path is what counts from then on [sec O-01]", async () => {
    const path = freshPath();
    const store = await openWithSession(path, driver);
    const otherPath = freshPath();
    const other = await openWithSession(otherPath, driver);
    await other.insertSession(liveSession({ handle: "restored" }));
    await other.close();
    renameSync(otherPath, path);
    for (const name of [`${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
    expect((await store.getSession("restored", nowMs))?.handle).toBe("restored");
    await store.insertSession(liveSession({ handle: "after" }));
    await store.close();
    const again = sqliteStore({ path, driver });
    expect((await again.getSession("after", nowMs))?.handle).toBe("after");
    await again.close();
  });

  it("an emptied file is not a new one: every operation throws [sec O-01]", async () => {
    const path = freshPath();
    await (await openWithSession(path, driver)).close();
    const store = sqliteStore({ path, driver });
    onTestFinished(() => store.close().catch(() => {}));
    expect(await store.getSession("h", nowMs)).toBeDefined();
    truncateSync(path, 0);
    await expectAllToThrow(store);
    await expectAllToThrow(store);
  });

  it("a file emptied while SQLite has every page in its log is still there [sec O-01]", async () => {
    const path = freshPath();
    const store = await openWithSession(path, driver);
    truncateSync(path, 0);
    for (const name of ["get", "update", "replace", "promote", "secrets", "get"]) {
      const value = await operations[name]?.(store).catch(() => "threw");
      expect([undefined, false], name).not.toContain(value);
      if (name === "secrets" && value !== "threw") expect(value).toMatchObject([{ id: "first" }]);
    }
  });

  it("a file overwritten with something else makes every operation throw, and works again once restored [sec O-01]", async () => {
    const path = freshPath();
    const first = await openWithSession(path, driver);
    await first.close();
    const copy = `${path}.copy`;
    cpSync(path, copy);
    const store = sqliteStore({ path, driver });
    onTestFinished(() => store.close().catch(() => {}));
    await store.insertSession(liveSession({ handle: "before" }));
    for (const name of [`${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
    rmSync(path);
    writeFileSync(path, "this is no database\n".repeat(1000));
    await expectAllToThrow(store);
    rmSync(path);
    for (const name of [`${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
    cpSync(copy, path);
    expect((await store.getSession("h", nowMs))?.handle).toBe("h");
    await store.insertSession(liveSession({ handle: "after" }));
  });

  it("a damaged page makes the operations that need it throw [sec O-01]", async () => {
    const path = freshPath();
    const store = await openWithSession(path, driver);
    for (let n = 0; n < 200; n += 1)
      await store.insertSession(liveSession({ handle: `h-${n}`, sessionDataJson: "x".repeat(3000) }));
    await store.close();
    const { openSync, writeSync, closeSync, statSync } = await import("node:fs");
    const file = openSync(path, "r+");
    for (let page = 1; page < statSync(path).size / 4096; page += 1)
      writeSync(file, Buffer.alloc(4096), 0, 4096, page * 4096);
    closeSync(file);
    const damaged = sqliteStore({ path, driver });
    onTestFinished(() => damaged.close().catch(() => {}));
    await expectAllToThrow(damaged);
  });

  it.each([1, 5])(
    "a disk that is full makes writes throw, %i at a time, and nothing that threw is there [sec O-01]",
    async (atOnce) => {
      const path = freshPath();
      const store = await openWithSession(path, driver);
      await store.close();
      const child = startChildWithFileLimit(600, "fill-disk.mjs", [path, driver, String(atOnce)]);
      const said = await resultOf<{
        kept: number;
        generation: number;
        failures: { insert: number; promote: number };
        message: string;
      }>(child);
      expect(said.kept).toBeGreaterThan(5);
      expect(said.failures.insert).toBeGreaterThan(0);
      expect(said.failures.promote).toBeGreaterThan(0);
      expect(said.message).toMatch(/disk|full|I\/O/i);
      const after = sqliteStore({ path, driver });
      expect(await after.listSessionHandles("user", undefined, nowMs)).toHaveLength(1 + said.kept);
      expect((await after.getSession("h", nowMs))?.generation).toBe(said.generation);
      await after.insertSession(liveSession({ handle: "space again" }));
      await after.close();
    },
  );
});

describe("a file that cannot be used is refused when it is opened [sec U-02]", () => {
  it("without the right to write the directory or the file", async () => {
    const path = freshPath();
    const directory = dirname(path);
    await sqliteStore({ path }).close();
    chmodSync(path, 0o444);
    chmodSync(directory, 0o555);
    onTestFinished(() => chmodSync(directory, 0o755));
    const isRoot = process.getuid?.() === 0;
    // Nothing is read-only for root: let somebody else try.
    const options = isRoot ? { uid: 65534, gid: 65534 } : {};
    for (const target of [path, join(directory, "new.db"), join(directory, "sub/new.db")]) {
      const child = startChild("open-unprivileged.mjs", [target], options);
      expect(await resultOf(child)).toMatchObject({
        type: "INVALID_OPTION",
        message: expect.stringMatching(
          /option `store`: .*cannot be written \(E(ACCES|PERM|ROFS)\); write `path:`/,
        ) as string,
      });
    }
  });

  it("when it is a directory, or below a file", () => {
    const path = freshPath();
    mkdirSync(path);
    expect(() => sqliteStore({ path })).toThrow(/option `store`: .*cannot be written \(EISDIR\)/);
    writeFileSync(join(path, "file"), "");
    expect(() => sqliteStore({ path: join(path, "file/sessions.db") })).toThrow(
      /cannot be written \((ENOTDIR|EEXIST)\)/,
    );
  });

  it("when it is not a database", () => {
    const path = freshPath();
    writeFileSync(path, "this is no database\n".repeat(1000));
    expect(() => sqliteStore({ path })).toThrow(/is not an SQLite database; write `path:` with another file/);
  });

  it("when it is cut in the middle of its header", async () => {
    const path = freshPath();
    await sqliteStore({ path }).close();
    truncateSync(path, 100);
    expect(() => sqliteStore({ path })).toThrow(/option `store`/);
  });
});
