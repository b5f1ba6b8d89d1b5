import { afterEach, describe, expect, it } from "vitest";
import { type BoundSession, bindSession } from "../../src/adapter/bind-session.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { freshPath, liveSession } from "../sqlite/fixture.js";
import { heldStore } from "../support/held-store.js";
import { APP_INFO, startApp, wrap } from "../support/http-app.js";
import { TestClock } from "../support/test-clock.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

type Instance = BoundSession<Parameters<typeof wrap>[0], Parameters<typeof wrap>[1]>;
const instances: Instance[] = [];
afterEach(async () => {
  for (const one of instances.splice(0)) await one.close();
});

/** A process of the application. */
function start(store: SessionStore, options: SessionOptions = {}): Instance {
  const { session } = bindSession({ appInfo: APP_INFO, store, logger: silentLogger, ...options }, wrap);
  instances.push(session);
  return session;
}

const signIn = (session: Instance): ReturnType<Instance["createNewSessionWithoutRequestResponse"]> =>
  session.createNewSessionWithoutRequestResponse("user-1");
const inBackground = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const rows = async (store: SessionStore): Promise<number> =>
  (await store.scanSessions?.(undefined, 10_000))?.rows.length ?? -1;

const STORES: Readonly<Record<string, () => SessionStore>> = {
  memory: () => new MemoryStore(),
  sqlite: () => sqliteStore({ path: freshPath() }),
};

describe.each(Object.keys(STORES))("sessions in %s", (name) => {
  const open = STORES[name] as () => SessionStore;

  it("outlive a clock that jumps ahead and stays there for two weeks [sec TM-03]", async () => {
    const [clock, store] = [new TestClock(), open()];
    const session = start(store, { clock });
    for (let n = 0; n < 10; n += 1) await signIn(session);
    clock.stepWallMs(YEAR_MS);
    for (let n = 0; n < 28; n += 1) {
      clock.advanceMs(12 * HOUR_MS);
      await signIn(session);
      await inBackground();
      expect(await session.deleteExpiredSessions()).toBe(0);
    }
    expect(await rows(store)).toBe(38);
  });

  it("outlive a process that starts while the clock is ahead", async () => {
    const [clock, store] = [new TestClock(), open()];
    const before = start(store, { clock });
    for (let n = 0; n < 10; n += 1) await signIn(before);
    await inBackground();
    clock.stepWallMs(YEAR_MS);
    const session = start(store, { clock });
    await signIn(session);
    await inBackground();
    clock.stepWallMs(-YEAR_MS);
    expect(await session.deleteExpiredSessions()).toBe(0);
    expect(await rows(store)).toBe(11);
  });

  it("are deleted although a clock that was a year ahead has left its mark", async () => {
    const [clock, store] = [new TestClock(), open()];
    clock.stepWallMs(YEAR_MS);
    await signIn(start(store, { clock }));
    await inBackground();
    clock.stepWallMs(-YEAR_MS);
    const session = start(store, { clock, refreshTokenValidityMinutes: 120 });
    for (let hour = 0; hour < 26; hour += 1) {
      await signIn(session);
      await inBackground();
      clock.advanceMs(HOUR_MS);
    }
    expect(await rows(store)).toBeLessThan(10);
  });

  it("outlive a clock that jumps ahead in a process that has run for months [sec TM-03]", async () => {
    const [clock, store] = [new TestClock(), open()];
    const session = start(store, { clock });
    for (let day = 0; day < 60; day += 1) {
      clock.advanceMs(DAY_MS);
      await signIn(session);
      await inBackground();
    }
    clock.stepWallMs(YEAR_MS);
    for (let n = 0; n < 4; n += 1) {
      expect(await session.deleteExpiredSessions()).toBe(0);
      clock.advanceMs(12 * HOUR_MS);
    }
    expect(await rows(store)).toBe(60);
  });

  it("are deleted again a month after a clock that was behind at the start has been set right", async () => {
    const [clock, store] = [new TestClock(), open()];
    const session = start(store, { clock, refreshTokenValidityMinutes: 120 });
    clock.stepWallMs(YEAR_MS);
    await signIn(session);
    const deleted: number[] = [];
    for (let week = 0; week < 6; week += 1) {
      deleted.push(await session.deleteExpiredSessions());
      clock.advanceMs(7 * DAY_MS);
    }
    expect(deleted).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it("are deleted when they have ended, though the machine slept in between", async () => {
    const [clock, store] = [new TestClock(), open()];
    const session = start(store, { clock, refreshTokenValidityMinutes: 120 });
    await signIn(session);
    // Asleep: the monotonic clock stood still.
    clock.stepWallMs(8 * HOUR_MS);
    clock.advanceMs(3 * HOUR_MS);
    expect(await session.deleteExpiredSessions()).toBe(1);
  });

  it("are deleted by processes that live for an hour, one after the other", async () => {
    const [clock, store] = [new TestClock(), open()];
    for (let day = 0; day < 30; day += 1) {
      const session = start(store, { clock, refreshTokenValidityMinutes: 120 });
      for (let n = 0; n < 7; n += 1) await signIn(session);
      await inBackground();
      clock.advanceMs(DAY_MS);
    }
    expect(await rows(store)).toBe(7);
  });

  it("are deleted by one process of many, twice a day", async () => {
    const [clock, store] = [new TestClock(), open()];
    let runs = 0;
    const counted: SessionStore = new Proxy(store, {
      get(target, member) {
        if (member === "deleteExpiredSessions") runs += 1;
        const found: unknown = Reflect.get(target, member);
        return typeof found === "function" ? found.bind(target) : found;
      },
    });
    const processes = Array.from({ length: 8 }, () => start(counted, { clock }));
    runs = 0;
    for (let hour = 0; hour <= 48; hour += 1) {
      await Promise.all(processes.map(signIn));
      await inBackground();
      clock.advanceMs(HOUR_MS);
    }
    // None the first time, when nobody knows how long ago the last one was.
    expect(runs).toBe(4);
  });
});

it("an application that only refreshes without requests cleans up too", async () => {
  const [clock, store] = [new TestClock(), new MemoryStore()];
  const session = start(store, { clock });
  await store.insertSession(liveSession({ handle: "ended", expiresAtMs: clock.wallMs() }));
  let tokens = (await signIn(session)).getAllSessionTokensDangerously();
  for (let hour = 0; hour < 24; hour += 1) {
    clock.advanceMs(HOUR_MS);
    const refreshed = await session.refreshSessionWithoutRequestResponse(tokens.refreshToken as string, true);
    tokens = refreshed.getAllSessionTokensDangerously();
    await inBackground();
  }
  expect(await rows(store)).toBe(1);
});

it("an application whose users only refresh cleans up too", async () => {
  const app = await startApp();
  const client = app.client();
  await client.send("POST", "/login");
  await app.store.insertSession(liveSession({ handle: "ended", expiresAtMs: app.clock.wallMs() }));
  for (let hour = 0; hour < 14; hour += 1) {
    app.clock.advanceMs(HOUR_MS);
    expect((await client.refresh()).status).toBe(200);
    await inBackground();
  }
  expect(await rows(app.store)).toBe(1);
  await app.close();
});

it("a store that keeps no mark is cleaned up ten minutes after a process started, then twice a day", async () => {
  const [clock, store] = [new TestClock(), new MemoryStore()];
  Object.defineProperty(store, "claimCleanUp", { value: undefined });
  const session = start(store, { clock });
  const ended = (): Promise<void> =>
    store.insertSession(liveSession({ handle: `e${clock.wallMs()}`, expiresAtMs: clock.wallMs() }));
  await ended();
  await signIn(session);
  await inBackground();
  expect(await rows(store)).toBe(2);
  clock.advanceMs(10 * 60_000);
  await signIn(session);
  await inBackground();
  expect(await rows(store)).toBe(2);
  await ended();
  clock.advanceMs(12 * HOUR_MS);
  await signIn(session);
  await inBackground();
  expect(await rows(store)).toBe(3);
});

it("a store with a clock of its own is asked with the wall clock, which it compares", async () => {
  const [clock, store] = [new TestClock(), new MemoryStore()];
  Object.defineProperty(store, "clock", { value: "server" });
  const asked: number[] = [];
  store.deleteExpiredSessions = async (nowMs) => asked.push(nowMs) - asked.length;
  const session = start(store, { clock });
  clock.stepWallMs(8 * HOUR_MS);
  await session.deleteExpiredSessions();
  expect(asked).toEqual([clock.wallMs()]);
});

describe("closing", () => {
  it("does not wait for a clean-up of many sessions, only for its batch", async () => {
    const store = sqliteStore({ path: freshPath() });
    const session = start(store);
    const expiresAtMs = Date.now() - 1;
    await Promise.all(
      Array.from({ length: 20_000 }, (_, n) =>
        store.insertSession(liveSession({ handle: `h${n}`, expiresAtMs })),
      ),
    );
    const cleaning = session.deleteExpiredSessions();
    const since = systemClock.monoMs();
    await session.close();
    expect(systemClock.monoMs() - since).toBeLessThan(1_000);
    const deleted = await cleaning;
    expect(deleted).toBeGreaterThan(0);
    expect(deleted).toBeLessThan(20_000);
    // The rest is not begun.
    expect(await session.deleteExpiredSessions()).toBe(0);
  });

  it.each(["deleteExpiredSessions", "close"] as const)(
    "ends within 5 s though %s of the store never answers",
    async (operation) => {
      const { store, hold, release } = heldStore(new MemoryStore());
      const warnings: string[] = [];
      const session = start(store, {
        logger: { ...silentLogger, warn: (message) => warnings.push(message) },
      });
      const reached = hold(operation as "deleteExpiredSessions", "before");
      const cleaning = session.deleteExpiredSessions();
      const since = systemClock.monoMs();
      const closing = session.close();
      expect(session.close()).toBe(closing);
      await reached;
      await closing;
      expect(systemClock.monoMs() - since).toBeLessThan(5_500);
      if (operation === "close")
        expect(warnings).toEqual([expect.stringContaining("did not close within 5 s")]);
      release();
      await cleaning;
    },
    10_000,
  );
});
