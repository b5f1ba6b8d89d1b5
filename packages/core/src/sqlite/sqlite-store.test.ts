import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { freshPath, liveSession } from "../../test/sqlite/fixture.js";
import { SessionError } from "../errors/session-error.js";
import { loadDriver } from "./load-driver.js";
import { SqliteStore, sqliteStore } from "./sqlite-store.js";
import * as statements from "./statements.js";

it.each(["node:sqlite", "better-sqlite3"] as const)(
  "keeps three files that only the owner may read (%s)",
  async (driver) => {
    const path = freshPath();
    const store = sqliteStore({ path, driver });
    await store.insertSession(liveSession());
    const files = readdirSync(dirname(path)).sort();
    expect(files).toEqual(["sessions.db", "sessions.db-shm", "sessions.db-wal"]);
    for (const file of files) expect(statSync(join(dirname(path), file)).mode & 0o777).toBe(0o600);
    await store.close();
    expect(readdirSync(dirname(path))).toEqual(["sessions.db"]);
  },
);

it("is found by an absolute path whatever the working directory becomes", async () => {
  const store = new SqliteStore({ path: freshPath(), synchronous: "FULL" });
  expect(store.path.startsWith("/")).toBe(true);
  await store.close();
});

it.each([
  [{}, /`sqliteStore.path`: is required/],
  [{ path: "" }, /write `store: new MemoryStore\(\)`/],
  [{ path: "x", synchronous: "OFF" }, /`sqliteStore.synchronous`: must be one of "NORMAL", "FULL"/],
])("refuses the options %j [sec U-02]", (options, message) => {
  const open = (): SqliteStore => sqliteStore(options as { path: string });
  expect(open).toThrow(message);
  expect(open).toThrow(
    expect.objectContaining({
      type: SessionError.INVALID_OPTION,
      payload: { option: expect.stringMatching(/^(store|sqliteStore)/) },
    }),
  );
});

it("throws once it is closed, and closes what nobody used", async () => {
  const store = sqliteStore({ path: freshPath() });
  await store.close();
  await expect(store.getSession("h", 1)).rejects.toThrow("the SQLite store has been closed");
});

it("rejects, and does not throw, what it cannot store [sec P-05]", async () => {
  const store = sqliteStore({ path: freshPath() });
  for (const bad of ["\0", "\ud800"]) {
    const operations = [
      store.insertSession(liveSession({ userId: bad })),
      store.getSession(bad, 1),
      store.replaceSessionData("h", 1, `{"a":"${bad}"}`),
      store.deleteSessions(["h", bad], 1),
      store.listSessionHandles("u", bad, 1),
      store.deleteSessionsOfUser(bad, undefined, 1),
      store.listSecrets({ id: bad, secret: "" }),
    ];
    for (const outcome of await Promise.allSettled(operations)) {
      expect(outcome).toMatchObject({ reason: { message: expect.stringContaining("cannot be stored") } });
    }
  }
  await store.close();
});

it("writes with single statements that hold no lock between two steps [sec ST-06, ST-11]", () => {
  for (const [name, sql] of Object.entries(statements)) {
    expect(sql, name).not.toMatch(/;|\bBEGIN\b|'/);
  }
});

it("loses no merge against another process that writes between read and write [sec S-07]", async () => {
  const path = freshPath();
  const store = sqliteStore({ path });
  const other = loadDriver().open(path);
  await store.insertSession(liveSession());
  let calls = 0;
  const row = await store.updateAccessTokenPayload("h", Date.now(), (payload, seen) => {
    calls += 1;
    // This lands exactly in the gap.
    if (calls === 1) other.exec(`UPDATE sessions SET access_token_payload_json = '{"other":1}'`);
    if (calls === 2) other.exec("UPDATE sessions SET generation = 1");
    return JSON.stringify({ ...(JSON.parse(payload) as object), generationSeen: seen.generation });
  });
  expect(calls).toBe(3);
  expect(row?.accessTokenPayloadJson).toBe('{"other":1,"generationSeen":1}');
  other.close();
  await store.close();
});
