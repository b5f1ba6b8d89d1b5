import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { platform, startWatch } from "../../src/platform/node.js";
import { ClockWatch } from "../../src/runtime/clock-watch.js";
import type { SessionEngine } from "../../src/session/engine.js";
import { judge } from "../../src/session/rotate-refresh-token.js";
import { RotationAges } from "../../src/session/rotation-age.js";
import type { RefreshToken } from "../../src/tokens/refresh-token.js";
import { type HeldStore, heldStore } from "../support/held-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
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

describe("a process that stood still [sec R-18]", () => {
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
