import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import { platform, startWatch } from "../../src/platform/node.js";
import { type Clock, systemClock } from "../../src/runtime/clock.js";
import { ClockWatch } from "../../src/runtime/clock-watch.js";
import { silentLogger } from "../../src/runtime/logger.js";
import type { SessionEngine } from "../../src/session/engine.js";
import { judge } from "../../src/session/rotate-refresh-token.js";
import { RotationAges } from "../../src/session/rotation-age.js";
import type { SessionContainer } from "../../src/session/session-container.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionRow } from "../../src/store/session-store.js";
import type { RefreshToken } from "../../src/tokens/refresh-token.js";
import { type HeldStore, heldStore } from "../support/held-store.js";
import { APP_INFO, startApp, type TestApp, wrap } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import { TestClock } from "../support/test-clock.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
let elsewhere: TestApp;
let held: HeldStore;
let client: WireClient;

beforeEach(async () => {
  const inner = new SpyStore();
  held = heldStore(inner);
  app = await startApp({ store: held.store }, {}, { clock: new TestClock(), store: inner });
  elsewhere = await app.sibling({ store: inner });
  client = app.client("header");
  await client.send("POST", "/login");
});
afterEach(async () => {
  await elsewhere.close();
  await app.close();
});

/** The client goes on through another instance: a refresh and its first use. */
async function rotateElsewhere(times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    app.clock.advanceSeconds(20);
    const other = Object.assign(client.copy(), { origin: elsewhere.origin });
    expect((await other.refresh()).status).toBe(200);
    expect((await other.send("GET", "/me")).status).toBe(200);
    Object.assign(client, { accessToken: other.accessToken, refreshToken: other.refreshToken });
  }
}

const thefts = (): unknown[] => [...app.events, ...elsewhere.events].filter(({ type }) => type === "theft");

describe.each(["before", "after"] as const)("a refresh held %s its read [sec R-18, CC-05]", (when) => {
  it("past one rotation and the grace period gets the same child", async () => {
    const waiting = held.hold("getSession", when);
    const late = client.copy();
    const answer = late.refresh();
    await waiting;
    await rotateElsewhere(1);
    app.clock.advanceSeconds(300);
    held.release();
    const response = await answer;
    expect([response.status, late.refreshToken]).toEqual([200, client.refreshToken]);
    expect(thefts()).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
  });

  it("past two rotations it is not called theft, and the session lives on", async () => {
    const waiting = held.hold("getSession", when);
    const answer = client.copy().refresh();
    await waiting;
    await rotateElsewhere(2);
    app.clock.advanceSeconds(300);
    held.release();
    const response = await answer;
    if (when === "before") {
      expect([response.status, response.header("retry-after"), tokenEffect(response)]).toEqual([
        503,
        "1",
        "untouched",
      ]);
    } else {
      // It saw the row as it was when the request came.
      expect(response.status).toBe(200);
    }
    expect(thefts()).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
  });
});

it("who asks again after the 503 is judged by his new arrival: a thief gains one try [sec R-18, R-08]", async () => {
  const thief = client.copy();
  const waiting = held.hold("getSession", "before");
  const answer = thief.refresh();
  await waiting;
  await rotateElsewhere(2);
  held.release();
  expect((await answer).status).toBe(503);
  expect((await thief.refresh()).json).toEqual({ message: "token theft detected" });
});

it("a promotion that was held past another one overwrites nothing [sec CC-05, R-05]", async () => {
  await client.refresh();
  const slow = client.copy();
  const waiting = held.hold("promoteSession", "before");
  const answer = slow.send("GET", "/me");
  await waiting;
  await rotateElsewhere(2);
  held.release();
  expect((await answer).status).toBe(200);
  expect((await client.refresh()).status).toBe(200);
  expect((await client.send("GET", "/me")).status).toBe(200);
  expect(thefts()).toEqual([]);
});

it("a row that was put back and rotated again is as young as its last rotation", async () => {
  const { store } = app;
  const handle = String(client.front.up.sessionHandle);
  const before = (await store.getSession(handle, 0)) as SessionRow;
  const tab = client.copy();
  await client.refresh();
  const late = client.copy(elsewhere.origin);
  expect((await client.send("GET", "/me")).status).toBe(200);
  // Restored from a backup; the client's token is used for the first time once more, at another process.
  app.clock.advanceSeconds(60);
  await store.deleteSessions([handle], 0);
  await store.insertSession(before);
  expect((await late.send("GET", "/me")).status).toBe(200);
  app.clock.advanceSeconds(5);
  expect((await tab.refresh()).status).toBe(200);
  expect(thefts()).toEqual([]);
});

it("a store with a clock of its own that answers late makes no thief of the second tab", async () => {
  /** Gives the time of the last rotation by its age, as it is when the statement runs. */
  class ServerStore extends SpyStore {
    readonly clock = "server";
    override async getSession(of: string, nowMs: number): Promise<SessionRow | undefined> {
      const row = await super.getSession(of, app.clock.wallMs());
      if (row === undefined || row.rotatedAtMs === null) return row;
      return { ...row, rotatedAtMs: nowMs - (app.clock.wallMs() - row.rotatedAtMs) };
    }
  }
  const inner = new ServerStore();
  const slow = heldStore(inner);
  const [here, there] = [await app.sibling({ store: slow.store }), await app.sibling({ store: inner })];
  const user = there.client("header");
  await user.send("POST", "/login");
  const tab = user.copy(here.origin);
  await user.refresh();
  await user.send("GET", "/me");
  app.clock.advanceSeconds(15);
  const waiting = slow.hold("getSession", "before");
  const answer = tab.refresh();
  await waiting;
  app.clock.advanceSeconds(20);
  slow.release();
  expect((await answer).status).toBe(503);
  expect((await user.refresh()).status).toBe(200);
  expect([...here.events, ...there.events].filter(({ type }) => type === "theft")).toEqual([]);
  await here.close();
  await there.close();
});

describe("a process that stood still [sec R-18]", () => {
  /** A session whose first token was replaced a while ago, by a process that no watch belongs to. */
  async function replaced(store: MemoryStore): Promise<string> {
    const elsewhere = instanceOn(store, systemClock);
    const tokensOf = (session: SessionContainer) => session.getAllSessionTokensDangerously();
    const first = tokensOf(await elsewhere.createNewSessionWithoutRequestResponse("user-1")).refreshToken;
    const next = tokensOf(await elsewhere.refreshSessionWithoutRequestResponse(first ?? "", true));
    await elsewhere.getSessionWithoutRequestResponse(next.accessToken, undefined, { checkDatabase: true });
    await new Promise((resolve) => setTimeout(resolve, 30));
    return first ?? "";
  }
  const instanceOn = (store: MemoryStore, clock?: Clock) =>
    bindSession(
      {
        appInfo: APP_INFO,
        store,
        logger: silentLogger,
        refreshGracePeriodSeconds: 0.01,
        allowTestValues: true,
        ...(clock && { clock }),
      },
      wrap as never,
    ).session;

  it("before it has served its first refresh calls nobody a thief for what was on its way", async () => {
    const store = new MemoryStore();
    const first = await replaced(store);
    const session = instanceOn(store);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    await expect(session.refreshSessionWithoutRequestResponse(first, true)).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
    });
    await session.close();
  });

  it("and one that did not goes on noticing thieves when another instance in it has been closed", async () => {
    const store = new MemoryStore();
    const first = await replaced(store);
    const [closed, session] = [instanceOn(store), instanceOn(store)];
    await closed.close();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await expect(session.refreshSessionWithoutRequestResponse(first, true)).rejects.toMatchObject({
      type: "TOKEN_THEFT_DETECTED",
    });
    await session.close();
  });

  it("notices a gap of more than a second between two heartbeats, and when it ended", () => {
    const clock = new TestClock();
    const watch = startWatch(clock);
    expect(watch.lastStallEndMonoMs()).toBe(Number.NEGATIVE_INFINITY);
    clock.advanceMs(1_000);
    expect(watch.lastStallEndMonoMs()).toBe(Number.NEGATIVE_INFINITY);
    clock.advanceMs(70_000);
    const ended = clock.monoMs();
    expect(watch.lastStallEndMonoMs()).toBe(ended);
    clock.advanceMs(1_000);
    expect(watch.lastStallEndMonoMs()).toBe(ended);
    clock.stepWallMs(3_600_000);
    expect(watch.lastStallEndMonoMs()).toBe(ended);
    watch.stop();
  });

  it("leaves undecided what it read in the first second after waking, and nothing later", async () => {
    const clock = new TestClock();
    const stallEnd = clock.monoMs();
    const rotations = new RotationAges(new ClockWatch(clock), false);
    const engine = {
      platform,
      rotations,
      settings: { refreshGraceMs: 30_000 },
      stalls: () => ({ lastStallEndMonoMs: () => stallEnd, stop: () => {} }),
    } as unknown as SessionEngine;
    const token: RefreshToken = {
      secretId: "s",
      handle: "h",
      generation: 1,
      boundToAntiCsrf: false,
      secret: "reused",
      parentHash1: null,
    };
    const row = {
      handle: "h",
      tenantId: "public",
      userId: "u",
      refreshTokenHash2: "c".repeat(64),
      previousRefreshTokenHash2: "d".repeat(64),
      secretId: "s",
      previousSecretId: "s",
      generation: 5,
      rotatedAtMs: clock.wallMs() - 3_600_000,
      sessionDataJson: "{}",
      accessTokenPayloadJson: "{}",
      createdAtMs: 0,
      expiresAtMs: Number.MAX_SAFE_INTEGER,
      absoluteExpiresAtMs: Number.MAX_SAFE_INTEGER,
    };
    const verdicts: string[] = [];
    for (const advanceMs of [0, 999, 1, 1]) {
      clock.advanceMs(advanceMs);
      verdicts.push((await judge(engine, token, row, rotations.read(), clock.monoMs())).verdict);
    }
    expect(verdicts).toEqual(["undecidable", "undecidable", "undecidable", "reused"]);
  });
});
