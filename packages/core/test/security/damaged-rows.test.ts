import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrimitiveClaim } from "../../src/claims/primitive-claim.js";
import type { SessionRow } from "../../src/store/session-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { putRow, rowOf } from "../support/store-rows.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

let app: TestApp;
let client: WireClient;
/** Holds a token that was replaced long ago: presented, it is theft. */
let late: WireClient;
let row: SessionRow;

beforeEach(async () => {
  app = await startApp({
    override: { functions: (original) => original },
  });
  client = app.client("header");
  const { handle } = (await client.send("POST", "/login")).json as { handle: string };
  late = client.copy();
  await client.refresh();
  await client.send("GET", "/me");
  app.clock.advanceSeconds(60);
  row = (await rowOf(app.store, handle)) as SessionRow;
});
afterEach(() => app.close());

function expectHonest503(response: WireResponse): void {
  expect([response.status, tokenEffect(response), response.header("retry-after")]).toEqual([
    503,
    "untouched",
    "1",
  ]);
}

const broken: [keyof SessionRow, unknown][] = [
  ["refreshTokenHash2", undefined],
  ["refreshTokenHash2", null],
  ["refreshTokenHash2", ""],
  ["refreshTokenHash2", "0".repeat(63)],
  ["refreshTokenHash2", "x".repeat(64)],
  ["previousRefreshTokenHash2", "short"],
  ["previousRefreshTokenHash2", null],
  ["generation", undefined],
  ["generation", Number.NaN],
  ["rotatedAtMs", null],
  ["secretId", ""],
  ["expiresAtMs", Number.POSITIVE_INFINITY],
  ["absoluteExpiresAtMs", Number.NaN],
];

describe("a row that has lost a part proves nothing: no theft, and no end of the session [sec R-08, O-01]", () => {
  it.each(broken)("%s is %j", async (field, value) => {
    const damaged = { ...row, [field]: value } as SessionRow;
    await putRow(app.store, damaged);
    app.store.reset();
    expectHonest503(await late.copy().refresh());
    expectHonest503(await client.copy().refresh());
    expectHonest503(await client.copy().send("GET", "/checked"));
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: "store_damaged", field, handleHash: expect.stringMatching(/^.{8}$/) }),
    );
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
    expect(app.store.writes).toEqual([]);
    expect(await rowOf(app.store, row.handle)).toEqual(damaged);
    await putRow(app.store, row);
    expect((await client.refresh()).status).toBe(200);
  });

  it.each(["", "{", '{"password":"hunter2"', "[]", "null", "7"])(
    "a payload of %j: 503 and an event that quotes nothing",
    async (accessTokenPayloadJson) => {
      await putRow(app.store, { ...row, accessTokenPayloadJson });
      expectHonest503(await client.copy().refresh());
      expectHonest503(await client.copy().send("GET", "/checked"));
      expectHonest503(await client.copy().send("POST", "/merge", {}, '{"a":1}'));
      const seen = app.events.filter(({ type }) => type === "store_damaged");
      expect(seen).toHaveLength(3);
      expect(seen[0]).toMatchObject({ field: "accessTokenPayloadJson" });
      expect(JSON.stringify(seen)).not.toContain("hunter2");
      await putRow(app.store, row);
      expect((await client.refresh()).status).toBe(200);
    },
  );

  it("a payload that claims are to be put into at the next refresh", async () => {
    const claim = new PrimitiveClaim<string>({
      key: "plan",
      fetchValue: () => "free",
      onSessionRefresh: true,
    });
    const withClaim = await app.sibling({ claims: [claim] });
    await putRow(app.store, { ...row, accessTokenPayloadJson: "{" });
    expectHonest503(await client.copy(withClaim.origin).refresh());
    expect(withClaim.events).toContainEqual(
      expect.objectContaining({ type: "store_damaged", field: "accessTokenPayloadJson" }),
    );
    await withClaim.close();
  });

  it("session data that cannot be read", async () => {
    await putRow(app.store, { ...row, sessionDataJson: "{" });
    await expect(app.session.getSessionInformation(row.handle)).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
    });
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: "store_damaged", field: "sessionDataJson" }),
    );
    // What does not need it goes on.
    expect((await client.refresh()).status).toBe(200);
  });
});
