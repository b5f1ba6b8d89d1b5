import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { resign } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome, tokenEffect } from "../support/outcome.js";
import { send } from "../support/wire-client.js";

let app: TestApp | undefined;
afterEach(() => app?.close());

const REFRESH = "/auth/session/refresh";

async function signedIn(options: Parameters<typeof startApp>[0] = {}) {
  const running = await startApp(options);
  app = running;
  const client = running.client("header");
  await client.send("POST", "/login");
  return { client, app: running };
}

describe("hard caps [sec D-01]", () => {
  it("an access token above 8 KB is none, even if our own key signed it", async () => {
    const { client, app } = await signedIn();
    const sized = (length: number) =>
      resign(app.store, client.accessToken as string, { payload: { pad: "x".repeat(length) } });
    const fits = await sized(5000);
    const tooLong = await sized(6200);
    expect(fits.length).toBeLessThanOrEqual(8192);
    expect(tooLong.length).toBeGreaterThan(8192);
    for (const [token, expected] of [
      [fits, "session"],
      [tooLong, "401-KEEP"],
    ] as const) {
      expect(outcome(await send(app.origin, "GET", "/me", { authorization: `Bearer ${token}` }))).toBe(
        expected,
      );
    }
  });

  it("a Cookie header above 16 KB is not looked into: 401, also where the session is optional, and nothing is cleared", async () => {
    const { client, app } = await signedIn();
    const padded = (name: string, value: string | undefined, length: number) =>
      `${name}=${value}; pad=`.padEnd(length, "x");
    const get = (path: string, length: number) =>
      send(app.origin, "GET", path, { cookie: padded("sAccessToken", client.accessToken, length) });
    expect(outcome(await get("/me", 16_384))).toBe("session");
    expect(outcome(await get("/me", 16_385))).toBe("401-KEEP");
    expect(outcome(await get("/optional", 16_385))).toBe("401-KEEP");
    const refresh = await send(app.origin, "POST", REFRESH, {
      cookie: padded("sRefreshToken", client.refreshToken, 16_385),
    });
    expect([refresh.status, tokenEffect(refresh)]).toEqual([401, "untouched"]);
  });

  it("a refresh token above 512 bytes is none", async () => {
    const { client, app } = await signedIn();
    const [version, id, handle, ...rest] = (client.refreshToken as string).split(".");
    const long = [version, id, (handle as string).padEnd(500, "0"), ...rest].join(".");
    app.store.reset();
    expect((await send(app.origin, "POST", REFRESH, { authorization: `Bearer ${long}` })).status).toBe(401);
    expect(app.store.calls).toEqual([]);
  });

  it("payloads deeper than 32 levels or with more than 1 000 keys are refused before anything is stored", async () => {
    const { app } = await signedIn();
    const nested = (levels: number) =>
      JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`) as object;
    const wide = (keys: number) => Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, 0]));
    app.store.reset();
    for (const bad of [
      { payload: nested(33) },
      { data: nested(33) },
      { payload: wide(1001) },
      { data: wide(1001) },
    ]) {
      expect((await app.client().send("POST", "/login", {}, JSON.stringify(bad))).status).toBe(500);
      expect(app.foreignErrors.pop()).toMatchObject({ type: "INVALID_PAYLOAD" });
    }
    expect(app.store.writes).toEqual([]);
    for (const good of [{ payload: nested(32) }, { data: nested(32) }, { data: wide(1000) }]) {
      expect((await app.client().send("POST", "/login", {}, JSON.stringify(good))).status).toBe(200);
    }
  });
});

describe("too many refreshes of one session [sec D-05]", () => {
  it("are answered 429 with Retry-After, nothing cleared; the session and other ones go on", async () => {
    const { client, app } = await signedIn({ refreshRateLimit: { maxPerWindow: 5, windowSeconds: 60 } });
    for (let i = 0; i < 5; i++) expect((await client.refresh()).status).toBe(200);
    app.clock.advanceSeconds(20);
    const refused = await client.refresh();
    expect([refused.status, refused.json, tokenEffect(refused)]).toEqual([
      429,
      { message: "too many refreshes" },
      "untouched",
    ]);
    expect(refused.header("retry-after")).toBe("40");
    const other = app.client("header");
    await other.send("POST", "/login");
    expect((await other.refresh()).status).toBe(200);
    app.clock.advanceSeconds(40);
    expect((await client.refresh()).status).toBe(200);
  });

  it("are 30 a minute by default; repeating one token, as parallel tabs do, does not count", async () => {
    const { client } = await signedIn();
    for (let i = 0; i < 50; i++) expect((await client.copy().refresh()).status).toBe(200);
    let passed = 0;
    while ((await client.refresh()).status === 200) passed += 1;
    expect(passed).toBe(30);
  });
});

describe("the sources of core [sec D-06]", () => {
  const directory = join(import.meta.dirname, "../../src");
  const sources = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(name))
    .map((name) => [name, readFileSync(join(directory, name), "utf8")] as const);

  it("make no code or pattern out of text: no eval, no Function, no RegExp of a variable, no import of one", () => {
    expect(sources.length).toBeGreaterThan(50);
    const forbidden =
      /\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(|\bRegExp\s*\(|(?<![#.])\bimport\s*\(\s*[^"'\s]|\bsetTimeout\s*\(\s*["'`]/;
    expect(sources.filter(([, text]) => forbidden.test(text)).map(([name]) => name)).toEqual([]);
    for (const planted of ['eval("1")', "new Function(x)", "new RegExp(x)", "import(name)"])
      expect(planted).toMatch(forbidden);
  });
});
