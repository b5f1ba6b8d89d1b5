import { afterEach, describe, expect, it } from "vitest";
import { PrimitiveArrayClaim, PrimitiveClaim } from "../../src/claims/index.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { freshPath } from "../sqlite/fixture.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { SpyStore } from "../support/spy-store.js";
import { putRow, rowOf } from "../support/store-rows.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const INHERITED = [
  "toString",
  "valueOf",
  "hasOwnProperty",
  "isPrototypeOf",
  "__defineGetter__",
  "toLocaleString",
];

describe("claims named like what every object inherits [sec P-02]", () => {
  it.each(INHERITED)("%s reads as absent where it is not there, and is itself where it is", async (key) => {
    const claim = new PrimitiveClaim<string>({ key, fetchValue: () => "fetched" });
    expect(claim.getValueFromPayload({})).toBeUndefined();
    expect(claim.getLastRefetchTime({})).toBeUndefined();
    expect(claim.getValueFromPayload(claim.addToPayload({}, "v", 1))).toBe("v");
    app = await startApp({ plugins: [{ name: "p", claims: [claim] }] });
    const client = app.client("header");
    expect((await client.send("POST", "/login")).status).toBe(200);
    const { payload } = decodeToken(client.accessToken as string);
    expect(Object.hasOwn(payload, key)).toBe(true);
    expect((await client.send("POST", "/merge", {}, JSON.stringify({ [key]: null }))).status).toBe(200);
    expect(Object.hasOwn(decodeToken(client.accessToken as string).payload, key)).toBe(false);
    expect((await client.send("GET", "/me")).status).toBe(200);
  });

  it("a prototype that something else has polluted grants nothing", async () => {
    const role = new PrimitiveClaim<string>({ key: "role", fetchValue: () => undefined });
    const roles = new PrimitiveArrayClaim<string>({ key: "roles", fetchValue: () => undefined });
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    polluted.role = { v: "admin", t: 1 };
    polluted.roles = { v: ["admin"], t: 1 };
    try {
      expect(role.getValueFromPayload({})).toBeUndefined();
      expect(roles.getValueFromPayload({})).toBeUndefined();
      expect(role.getLastRefetchTime({})).toBeUndefined();
    } finally {
      delete polluted.role;
      delete polluted.roles;
    }
  });
});

describe("payloads and data come back as they were put in [sec P-05]", () => {
  const stores = {
    memory: () => new MemoryStore(),
    sqlite: () => sqliteStore({ path: freshPath() }),
  };
  const VALUES: JsonObject = {
    empty: "",
    nul: "a\u0000b",
    lone: "\ud800 and \udc00",
    emoji: "👩‍👩‍👧‍👦",
    combining: "e\u0301 é",
    bidi: "\u202eabc",
    lines: "\r\n\u2028\u2029",
    large: 2 ** 53 + 2,
    edge: [2 ** 53 - 1, -(2 ** 53) + 1, 1e308, 5e-324, 0.1],
    nested: { a: {}, b: [], c: [[], {}, [{}]], d: null },
    "": "an empty key",
    "key with \u0000 and \u2028": true,
    quotes: `'"\`\\;--/*`,
    html: "<script>&amp;</script>",
    number: "007",
  };

  it.each(Object.entries(stores))("%s", async (_, open) => {
    const store = open();
    const instance = await startApp({ store });
    app = instance;
    const created = await instance.session.createNewSessionWithoutRequestResponse(
      "ü ser\u0001 '\"",
      VALUES,
      VALUES,
    );
    const information = await instance.session.getSessionInformation(created.getHandle());
    const { iss, ...custom } = information?.customClaimsInAccessTokenPayload ?? {};
    expect(iss).toBe("https://api.example.com/auth");
    expect(custom).toEqual(VALUES);
    expect(Object.keys(custom)).toEqual(Object.keys(VALUES));
    expect(information?.sessionData).toEqual(VALUES);
    expect(information?.userId).toBe("ü ser\u0001 '\"");
    expect(created.getAccessTokenPayload()).toMatchObject(VALUES);
    const { refreshToken = "" } = created.getAllSessionTokensDangerously();
    const refreshed = await instance.session.refreshSessionWithoutRequestResponse(refreshToken);
    expect(refreshed.getAccessTokenPayload()).toMatchObject(VALUES);
    expect(
      JSON.parse(Buffer.from(refreshed.getAllSessionTokensDangerously().frontToken, "base64").toString()).up,
    ).toMatchObject(VALUES);
  });

  it.each(["a\u0000b", "\ud800", "\udc00x", "x".repeat(257), "é".repeat(129), ""])(
    "a user id that some store could not hold is refused by all: %j",
    async (userId) => {
      const spy = new SpyStore();
      app = await startApp({}, {}, { store: spy });
      await expect(app.session.createNewSessionWithoutRequestResponse(userId)).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
      expect(spy.writes).toEqual([]);
    },
  );
});

describe("rows that another version wrote [sec P-01, O-01]", () => {
  it("extra fields live on, forbidden keys are dropped, and nobody is signed out", async () => {
    const instance = await startApp();
    app = instance;
    const client = instance.client("header");
    const { handle } = (await client.send("POST", "/login")).json as { handle: string };
    const row = await rowOf(instance.store, handle);
    if (row === undefined) throw new Error("no row");
    await putRow(instance.store, {
      ...row,
      accessTokenPayloadJson:
        '{"iss":"x","newer":{"deep":[1]},"__proto__":{"isAdmin":true},"a":{"constructor":1,"b":2}}',
    });
    await client.refresh();
    const response = await client.send("GET", "/me");
    expect(response.status).toBe(200);
    const { payload } = decodeToken(client.accessToken as string);
    expect(payload).toMatchObject({ iss: "x", newer: { deep: [1] }, a: { b: 2 } });
    expect(JSON.stringify(payload)).not.toMatch(/isAdmin|constructor/);
  });

  it("a payload that is no JSON is our failure: 503 and an event, nothing cleared, nothing quoted", async () => {
    const instance = await startApp();
    app = instance;
    const client = instance.client("cookie");
    const { handle } = (await client.send("POST", "/login")).json as { handle: string };
    const row = await rowOf(instance.store, handle);
    if (row === undefined) throw new Error("no row");
    await putRow(instance.store, { ...row, accessTokenPayloadJson: '{"password":"hunter2"' });
    const response = await client.refresh();
    expect([response.status, response.setCookies, response.header("front-token")]).toEqual([
      503,
      [],
      undefined,
    ]);
    expect(instance.events).toContainEqual(
      expect.objectContaining({ type: "store_damaged", field: "accessTokenPayloadJson" }),
    );
    expect(JSON.stringify([instance.events, response.body])).not.toContain("hunter2");
    await putRow(instance.store, row);
    expect((await client.refresh()).status).toBe(200);
  });
});
