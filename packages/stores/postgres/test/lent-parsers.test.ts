import { liveSession } from "@acme/session-conformance";
import pg from "pg";
import { afterAll, describe, expect, it } from "vitest";
import { assertPrimary } from "../src/postgres-failure.js";
import { freshSchema, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  it("a lent pool whose parsers leave every value as text loses no revocation", async () => {
    const fresh = await freshSchema();
    const asText = (): ((value: string) => string) => (value) => value;
    const pool = new pg.Pool({ connectionString: url, max: 2, types: { getTypeParser: asText } });
    const store = fresh.open({ client: pool });
    const rows = [1, 2, 3].map((n) => liveSession({ handle: `h-${n}`, userId: "alice" }));
    for (const row of rows) await store.insertSession(row);
    expect(await store.getSession("h-1", 0)).toEqual(rows[0]);
    expect(await store.deleteSessions(["h-1"], 0)).toEqual(["h-1"]);
    expect((await store.deleteSessionsOfUser("alice", undefined, 0)).sort()).toEqual(["h-2", "h-3"]);
    await store.roles.grantPermissions("editor", ["edit"]);
    await store.roles.assignRole("public", "alice", "editor");
    expect(await store.roles.readAuthorization("public", "alice")).toMatchObject({ permissions: ["edit"] });
    expect(await store.roles.readAuthorization("public", "nobody")).toMatchObject({
      roles: [],
      permissions: [],
    });
    await store.close();
    await pool.end();
    await fresh.drop();
  });
});

it("an answer without a record, to a question that always has one, is a failure and no empty table", () => {
  const question = 'SELECT s.handle, pg_is_in_recovery()::int AS "isStandby" FROM (SELECT 1) AS node';
  expect(() => assertPrimary(question, [])).toThrow();
  for (const isStandby of [1, "1", 1n]) expect(() => assertPrimary(question, [{ isStandby }])).toThrow();
  for (const isStandby of [0, "0", 0n]) expect(() => assertPrimary(question, [{ isStandby }])).not.toThrow();
  expect(() => assertPrimary("UPDATE t SET a = 1 RETURNING a", [])).not.toThrow();
});
