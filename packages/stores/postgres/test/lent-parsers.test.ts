import { livePromotion, liveSession } from "@acme/session-conformance";
import pg from "pg";
import postgres from "postgres";
import { afterAll, describe, expect, it } from "vitest";
import { columnNames } from "../src/column-names.js";
import type { PgClient, PostgresJsTransaction } from "../src/index.js";
import { namesOf } from "../src/names.js";
import { assertPrimary } from "../src/postgres-failure.js";
import { roleStatementsFor } from "../src/role-statements.js";
import { BE_PATIENT, statementsFor } from "../src/statements.js";
import { type FreshSchema, freshSchema, missing, stopServer, url } from "./fixture.js";

afterAll(stopServer);

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  const shouts = (value: unknown): unknown => (typeof value === "string" ? value.toUpperCase() : value);
  const parsers = (parse: (value: string) => unknown) => ({ getTypeParser: (() => parse) as never });

  it.each([
    ["leave every value as text", parsers((value) => value)],
    ["make something else of every value", parsers(shouts)],
    ["make objects of them", parsers((value) => ({ value }))],
  ])("a lent pool whose parsers %s", async (_what, types) => {
    const pool = new pg.Pool({ connectionString: url, max: 2, types });
    await behavesAsEver({ client: pool }, async (work) => {
      const client = await pool.connect();
      await client.query("BEGIN");
      await work(client);
      await client.query("COMMIT");
      client.release();
    });
    await pool.end();
  });

  it.each<[what: string, options: object]>([
    ...(["camel", "pascal", "kebab", "toCamel", "toPascal", "toKebab"] as const).map(
      (name): [string, object] => [`postgres.${name}`, { transform: postgres[name] }],
    ),
    ...(["fromCamel", "fromPascal", "fromKebab"] as const).map((name): [string, object] => [
      `postgres.${name} for names it is given`,
      { transform: { column: { from: postgres[name], to: postgres[name] } } },
    ]),
    ["one name for all columns", { transform: { column: () => "column" } }],
    ["other values", { transform: { value: shouts } }],
    ["undefined for null", { transform: { value: (value: unknown) => value ?? undefined, undefined: null } }],
    ["other rows", { transform: { row: (row: object) => ({ ...row, extra: 1 }) } }],
    ["BigInt", { types: { bigint: postgres.BigInt } }],
  ])("a lent `sql` that gives %s", async (_what, options) => {
    const own = postgres(url, { max: 2, onnotice: () => {}, ...options });
    await behavesAsEver(
      { client: own as never },
      (work) => own.begin((transaction) => work(transaction as never)) as never,
    );
    await own.end({ timeout: 1 });
  });

  it("a lent `sql` that leaves nothing of a row is an error that says so, and no empty table", async () => {
    const own = postgres(url, { max: 1, onnotice: () => {}, transform: { row: () => ({}) } });
    const fresh = await freshSchema();
    const store = fresh.open({ client: own as never });
    await expect(store.getSession("h", 0)).rejects.toMatchObject({
      isPermanent: true,
      message: expect.stringContaining("transform.row"),
    });
    await store.close();
    await own.end({ timeout: 1 });
    await fresh.drop();
  });

  it("the names of our columns are read from our statements as the server reads them", async () => {
    const fresh = await freshSchema();
    const store = fresh.open();
    await store.listSecrets();
    await store.close();
    const names = namesOf({ schema: fresh.schema });
    const { nextVersion, ...roles } = roleStatementsFor(names);
    const texts = [
      ...Object.values(statementsFor(names, false)),
      ...Object.values(statementsFor(names, true)),
      ...[...nextVersion, ...Object.values(roles)].map(({ text }) => text),
      BE_PATIENT,
    ];
    const own = postgres(url, { max: 1 });
    for (const text of texts) {
      const { columns } = await own.unsafe(text).describe();
      // What gives no rows has no names to be read.
      if ((columns ?? []).length > 0)
        expect(columnNames(text), text).toEqual(columns.map(({ name }) => name));
    }
    await own.end({ timeout: 1 });
    await fresh.drop();
  });
});

/** Sessions and roles, by themselves and in a transaction of the application: no value is another one, none is missed. */
async function behavesAsEver(
  options: Parameters<FreshSchema["open"]>[0],
  transaction: (work: (client: PgClient | PostgresJsTransaction) => Promise<void>) => Promise<void>,
): Promise<void> {
  const fresh = await freshSchema();
  const store = fresh.open(options);
  const used = async (): Promise<void> => {
    const rows = [1, 2, 3].map((n) => liveSession({ handle: `h-${n}`, userId: "alice" }));
    for (const row of rows) await store.insertSession(row);
    expect(await store.getSession("h-1", 0)).toEqual(rows[0]);
    expect(await store.getSession("h-4", 0)).toBeUndefined();
    expect(await store.updateAccessTokenPayload("h-2", 0, () => '{"a":1}')).toEqual({
      ...rows[1],
      accessTokenPayloadJson: '{"a":1}',
    });
    const promoted = await store.promoteSession(livePromotion(rows[2] as (typeof rows)[2]));
    expect(promoted).toMatchObject({ generation: 1, previousSecretId: "secret-1" });
    expect(await store.getSession("h-3", promoted?.rotatedAtMs ?? 0)).toEqual(promoted);
    expect(await store.deleteSessions(["h-1"], 0)).toEqual(["h-1"]);
    expect((await store.listSessionHandles("alice", undefined, 0)).sort()).toEqual(["h-2", "h-3"]);
    expect((await store.scanSessions(undefined, 10)).rows.map(({ handle }) => handle)).toEqual([
      "h-2",
      "h-3",
    ]);
    expect((await store.deleteSessionsOfUser("alice", undefined, 0)).sort()).toEqual(["h-2", "h-3"]);
    expect(await store.deleteExpiredSessions(Date.now(), 10)).toBe(0);
    await store.roles.grantPermissions("editor", ["edit"]);
    await store.roles.assignRole("public", "alice", "editor");
    const authorization = await store.roles.readAuthorization("public", "alice");
    expect(authorization).toMatchObject({ roles: ["editor"], permissions: ["edit"] });
    expect(await store.roles.readAuthorizationVersion("public", "alice")).toBe(authorization.version);
    expect(await store.roles.readAuthorization("public", "nobody")).toMatchObject({
      roles: [],
      permissions: [],
    });
    await store.roles.unassignRole("public", "alice", "editor");
  };
  await used();
  const secret = { id: "secret-1", secret: "s" };
  expect(await store.listSecrets(secret)).toEqual([secret]);
  await transaction(async (client) => store.joinTransaction(client, used));
  await store.close();
  await fresh.drop();
}

it("an answer without a record, to a question that always has one, is a failure and no empty table", () => {
  const question = 'SELECT s.handle, pg_is_in_recovery()::int AS "isStandby" FROM (SELECT 1) AS node';
  expect(() => assertPrimary(question, [])).toThrow();
  for (const isStandby of [1, "1", 1n]) expect(() => assertPrimary(question, [{ isStandby }])).toThrow();
  for (const isStandby of [0, "0", 0n]) expect(() => assertPrimary(question, [{ isStandby }])).not.toThrow();
  expect(() => assertPrimary("UPDATE t SET a = 1 RETURNING a", [])).not.toThrow();
});
