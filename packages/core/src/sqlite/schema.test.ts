import { expect, it } from "vitest";
import { freshPath, liveSession } from "../../test/sqlite/fixture.js";
import { sqliteStore } from "./sqlite-store.js";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite");

/** What another program does to the file. */
function meddle(path: string, ...statements: string[]): void {
  const database = new DatabaseSync(path);
  for (const statement of statements) database.exec(statement);
  database.close();
}

function query(path: string, sql: string): unknown {
  const database = new DatabaseSync(path);
  const rows = database.prepare(sql).all();
  database.close();
  return rows;
}

it("works beside a newer release that has added columns and tables, and keeps what it put there [sec ST-09]", async () => {
  const path = freshPath();
  const store = sqliteStore({ path });
  await store.insertSession(liveSession());
  meddle(
    path,
    "ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT 'unknown'",
    "CREATE TABLE devices (user_id TEXT)",
    "UPDATE sessions SET device = 'phone'",
    "PRAGMA user_version = 1007",
  );
  const nowMs = Date.now();
  await store.insertSession(liveSession({ handle: "second" }));
  const row = await store.promoteSession({
    handle: "h",
    expectedRefreshTokenHash2: "hash-0",
    nextRefreshTokenHash2: "hash-1",
    nextSecretId: "secret",
    nowMs,
    expiresAtMs: nowMs + 1000,
  });
  expect(Object.keys(row ?? {}).sort()).toEqual(Object.keys(liveSession()).sort());
  await store.updateAccessTokenPayload("h", nowMs, () => '{"a":1}');
  await store.replaceSessionData("h", nowMs, '{"b":1}');
  await store.close();
  // A roll-back: the older release starts on the newer file.
  const again = sqliteStore({ path });
  expect((await again.getSession("h", nowMs))?.accessTokenPayloadJson).toBe('{"a":1}');
  await again.close();
  expect(query(path, "SELECT handle, device FROM sessions ORDER BY handle")).toEqual([
    { handle: "h", device: "phone" },
    { handle: "second", device: "unknown" },
  ]);
  expect(query(path, "PRAGMA user_version")).toEqual([{ user_version: 1007 }]);
});

it("refuses a file that a newer release has changed beyond recognition [sec ST-09]", async () => {
  const path = freshPath();
  await sqliteStore({ path }).close();
  meddle(path, "PRAGMA user_version = 2000");
  expect(() => sqliteStore({ path })).toThrow(
    /option `store`: .* newer release \(schema 2000\); update @acme/,
  );
});

it.each(["CREATE TABLE users (id)", "PRAGMA user_version = 3", "PRAGMA application_id = 7"])(
  "does not write into the database of another application (%s)",
  (statement) => {
    const path = freshPath();
    meddle(path, statement);
    expect(() => sqliteStore({ path })).toThrow(
      /database of another application; sessions need a file of their own/,
    );
    expect(query(path, "SELECT name FROM sqlite_schema WHERE name = 'sessions'")).toEqual([]);
  },
);

it("finds rows by index: by handle, by user, by expiry", async () => {
  const path = freshPath();
  await sqliteStore({ path }).close();
  for (const [where, index] of [
    ["handle = 'h'", /USING INDEX sqlite_autoindex_sessions_1/],
    [
      "user_id = 'u' AND expires_at_ms > 1 AND (NULL IS NULL OR tenant_id = NULL)",
      /USING INDEX sessions_by_user/,
    ],
    ["expires_at_ms <= 1", /sessions_by_expiry/],
  ] as const) {
    expect(JSON.stringify(query(path, `EXPLAIN QUERY PLAN SELECT * FROM sessions WHERE ${where}`))).toMatch(
      index,
    );
  }
});
