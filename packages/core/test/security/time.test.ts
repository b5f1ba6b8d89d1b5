import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { freshPath, liveSession } from "../sqlite/fixture.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { keysOf, rowOf } from "../support/store-rows.js";
import type { WireClient } from "../support/wire-client.js";

const HOUR_MS = 3_600_000;
/** Of an access token. */
const LIFE_MS = 900_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

let app: TestApp;
let client: WireClient;
let handle: string;
beforeEach(async () => {
  app = await startApp();
  client = app.client("header");
  handle = ((await client.send("POST", "/login")).json as { handle: string }).handle;
});
afterEach(() => app.close());

const thefts = (): unknown[] => app.events.filter(({ type }) => type === "theft");

async function expectAlive(): Promise<void> {
  expect((await client.refresh()).status).toBe(200);
  expect((await client.send("GET", "/me")).status).toBe(200);
  expect(thefts()).toEqual([]);
}

describe("a wall clock that steps back [sec TM-02, TM-04]", () => {
  it.each([1, 1000, 90_000, HOUR_MS, DAY_MS])(
    "%i ms: nobody is locked out and nothing is theft",
    async (backMs) => {
      await expectAlive();
      const tab = client.copy();
      await expectAlive();
      app.clock.stepWallMs(-backMs);
      // A token of the future is ours all the same; unless it ends farther ahead than any that is minted.
      expect((await client.send("GET", "/me")).status).toBe(200);
      // The parent is inside its grace period: its age is not negative, it is nothing.
      expect((await tab.refresh()).status).toBe(200);
      await expectAlive();
      app.clock.advanceMs(40_000);
      await expectAlive();
      const fresh = app.client("header");
      await fresh.send("POST", "/login");
      expect((await fresh.refresh()).status).toBe(200);
    },
  );

  it("the limit on refreshes and the pause between readings of the keys go by the other clock", async () => {
    for (let n = 0; n < 29; n += 1) expect((await client.refresh()).status).toBe(200);
    await client.refresh();
    expect((await client.refresh()).status).toBe(429);
    app.clock.stepWallMs(-DAY_MS);
    expect((await client.refresh()).status).toBe(429);
    app.clock.stepWallMs(2 * DAY_MS);
    expect((await client.refresh()).status).toBe(429);
    app.clock.advanceSeconds(60);
    expect((await client.refresh()).status).toBe(200);
  });
});

describe("a wall clock that is set while a second tab refreshes [sec TM-02, TM-03, R-08]", () => {
  it.each([31_000, 120_000, HOUR_MS, 9 * HOUR_MS, -31_000, -9 * HOUR_MS])(
    "by %i ms: the tab is inside its grace period all the same, here and at another process",
    async (stepMs) => {
      const elsewhere = await app.sibling();
      for (const there of [false, true]) {
        const tab = client.copy();
        await expectAlive();
        app.clock.advanceMs(5_000);
        app.clock.stepWallMs(stepMs);
        const late = there ? Object.assign(tab, { origin: elsewhere.origin }) : tab;
        const response = await late.refresh();
        // The other process cannot tell a step from time that has passed: it asks to come again.
        const honest =
          there && stepMs > 0 ? [503, "untouched"] : [200, "gave st-access-token st-refresh-token"];
        expect([response.status, tokenEffect(response)]).toEqual(honest);
        await expectAlive();
      }
      expect(elsewhere.events.filter(({ type }) => type === "theft")).toEqual([]);
      await elsewhere.close();
    },
  );

  it("a token that was replaced long before is theft, at once or at the second try", async () => {
    const thief = client.copy();
    await expectAlive();
    app.clock.advanceMs(40_000);
    app.clock.stepWallMs(HOUR_MS);
    expect((await thief.refresh()).json).toEqual({ message: "token theft detected" });
  });

  it("a row from a process whose clock was ninety days ahead hides no thief for ninety days", async () => {
    const elsewhere = await app.sibling();
    const thief = Object.assign(client.copy(), { origin: elsewhere.origin });
    app.clock.stepWallMs(90 * DAY_MS);
    await expectAlive();
    app.clock.stepWallMs(-90 * DAY_MS);
    const tab = thief.copy();
    expect((await tab.refresh()).status).toBe(200);
    app.clock.advanceMs(30_001);
    expect((await thief.refresh()).json).toEqual({ message: "token theft detected" });
    await elsewhere.close();
  });
});

describe("a wall clock that is ahead for a moment [sec TM-03]", () => {
  it.each([
    ["an hour and a half", 1.5 * HOUR_MS],
    ["a year and a half", 1.5 * YEAR_MS],
    ["ten years", 10 * YEAR_MS],
  ])("%s: nobody loses a session", async (_, aheadMs) => {
    await expectAlive();
    const cookies = app.client("cookie");
    await cookies.send("POST", "/login");
    app.clock.stepWallMs(aheadMs);
    for (const one of [client, cookies]) {
      const used = await one.send("GET", "/me");
      expect([used.status, tokenEffect(used)]).toEqual([401, "untouched"]);
      const refreshed = await one.refresh();
      if (refreshed.status !== 200) {
        expect([refreshed.status, refreshed.header("retry-after"), tokenEffect(refreshed)]).toEqual([
          503,
          "1",
          "untouched",
        ]);
      }
    }
    const inBetween = app.client("header");
    await inBetween.send("POST", "/login");
    expect(await app.session.deleteExpiredSessions()).toBe(0);
    app.clock.advanceMs(5_000);
    app.clock.stepWallMs(-aheadMs);
    await expectAlive();
    expect((await cookies.refresh()).status).toBe(200);
    expect((await cookies.send("GET", "/me")).status).toBe(200);
    // Minted by the wrong clock, its token does not live for years; its session does not die either.
    if (aheadMs > DAY_MS + 2 * HOUR_MS) expect((await inBetween.send("GET", "/me")).status).toBe(401);
    expect((await inBetween.refresh()).status).toBe(200);
    expect((await inBetween.send("GET", "/me")).status).toBe(200);
    const { payload } = decodeToken(inBetween.accessToken as string);
    expect(Number(payload.exp) * 1000).toBeLessThanOrEqual(app.clock.wallMs() + LIFE_MS);
  });

  it("a clock that stays ahead is believed after a minute", async () => {
    app.clock.stepWallMs(2 * YEAR_MS);
    expect((await client.refresh()).status).toBe(503);
    app.clock.advanceSeconds(60);
    expect((await client.refresh()).json).toEqual({ message: "unauthorised" });
  });

  it("the clean-up that comes by just then deletes neither sessions nor keys, and works again later", async () => {
    const keys = await keysOf(app.store);
    app.clock.advanceMs(12 * HOUR_MS);
    app.clock.stepWallMs(YEAR_MS);
    app.store.reset();
    const other = app.client("header");
    await other.send("POST", "/login");
    await new Promise((resolve) => setImmediate(resolve));
    expect(app.store.calls).not.toContain("deleteSigningKeys");
    app.clock.stepWallMs(-YEAR_MS);
    expect(await rowOf(app.store, handle)).toBeDefined();
    expect((await keysOf(app.store)).map(({ kid }) => kid)).toEqual(
      expect.arrayContaining(keys.map(({ kid }) => kid)),
    );
    for (let n = 0; n < 3; n += 1) {
      app.clock.advanceMs(12 * HOUR_MS);
      await other.send("POST", "/login");
    }
    expect(app.store.calls).toContain("deleteExpiredSessions");
  });
});

it("a clock that jumps ahead is not believed because the periodic clean-up has met it [sec TM-03]", async () => {
  for (let n = 0; n < 9; n += 1) await app.client("header").send("POST", "/login");
  app.clock.stepWallMs(YEAR_MS);
  for (let n = 0; n < 4; n += 1) {
    app.clock.advanceMs(12 * HOUR_MS);
    await app.client("header").send("POST", "/login");
  }
  expect(await app.session.deleteExpiredSessions()).toBe(0);
  app.clock.stepWallMs(-YEAR_MS);
  await expectAlive();
});

describe("dates far ahead [sec TM-06]", () => {
  it("sessions beyond 2038 and beyond 2106 live, slide and end like all others", async () => {
    for (const yearMs of [
      Date.UTC(2038, 0, 19, 3, 14, 0),
      Date.UTC(2106, 1, 7, 6, 28, 0),
      Date.UTC(2500, 0, 1),
    ]) {
      const later = await startApp({ absoluteLifetimeDays: 36_500 });
      later.clock.stepWallMs(yearMs - later.clock.wallMs());
      const one = later.client("cookie");
      await one.send("POST", "/login");
      expect(one.front.ate).toBe(yearMs + LIFE_MS);
      for (let n = 0; n < 3; n += 1) {
        later.clock.advanceMs(30 * DAY_MS);
        const response = await one.refresh();
        expect(response.status).toBe(200);
        expect(Date.parse(response.cookie("sRefreshToken")?.expires ?? "")).toBe(
          later.clock.wallMs() + 100 * DAY_MS,
        );
        expect((await one.send("GET", "/me")).status).toBe(200);
      }
      later.clock.advanceMs(101 * DAY_MS);
      expect((await one.refresh()).status).toBe(401);
      await later.close();
    }
  });

  it("every store gives back the same milliseconds", async () => {
    const sqlite = sqliteStore({ path: freshPath() });
    for (const store of [new MemoryStore(), sqlite]) {
      for (const ms of [2 ** 31 * 1000, 2 ** 32 * 1000 + 1, Date.UTC(9999, 11, 31, 23, 59, 59, 999)]) {
        const row = liveSession({
          handle: `h${ms}`,
          createdAtMs: ms - 1,
          expiresAtMs: ms,
          absoluteExpiresAtMs: ms + 1,
        });
        await store.insertSession(row);
        expect(await store.getSession(row.handle, ms - 1)).toEqual(row);
        expect(await store.getSession(row.handle, ms)).toBeUndefined();
      }
      await store.close();
    }
  });
});

it("what a client is told of time is the server's, whatever the client says [sec TM-07]", async () => {
  const headers = {
    date: new Date(0).toUTCString(),
    "if-modified-since": new Date(4e12).toUTCString(),
    age: "999999",
  };
  await client.send("POST", "/auth/session/refresh", headers);
  const nowSeconds = Math.floor(app.clock.wallMs() / 1000);
  expect(client.front.ate).toBe(nowSeconds * 1000 + LIFE_MS);
  expect(client.front.up.iat).toBe(nowSeconds);
});

it("an instance whose clock is behind by more than a minute says so, once a minute [sec TM-05, L-05]", async () => {
  app.clock.stepWallMs(-90_000);
  for (let n = 0; n < 3; n += 1) {
    const other = await app.sibling();
    await other.close();
    expect((await client.copy().send("GET", "/me")).status).toBe(200);
  }
  const skews = app.events.filter(({ type }) => type === "clock_skew");
  expect(skews).toEqual([expect.objectContaining({ aheadMs: 90_000 })]);
});
