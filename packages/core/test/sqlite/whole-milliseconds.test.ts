import { expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { startApp } from "../support/http-app.js";
import { TestClock } from "../support/test-clock.js";
import { freshPath } from "./fixture.js";

/** A clock that tells fractions, as `performance.timeOrigin + performance.now()` does. */
class FractionalClock extends TestClock {
  override wallMs(): number {
    return super.wallMs() + 0.375;
  }
}

it("logins, refreshes and merges work with any fraction of a duration, and rows hold whole milliseconds", async () => {
  for (let n = 0; n < 12; n += 1) {
    const store = sqliteStore({ path: freshPath() });
    const app = await startApp({
      store,
      clock: new FractionalClock(),
      accessTokenValiditySeconds: 60 + Math.random() * 100,
      refreshTokenValidityMinutes: 10 + Math.random() * 100,
      absoluteLifetimeDays: 1 + Math.random(),
      accessTokenSigningKeyUpdateIntervalHours: 1 + Math.random(),
      refreshGracePeriodSeconds: Math.random() * 60,
      accessTokenValidityJitter: Math.random() / 20,
    });
    const client = app.client();
    expect((await client.send("POST", "/login")).status).toBe(200);
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect((await client.send("POST", "/merge", {}, '{"a":1}')).status).toBe(200);
    const handle = String(client.front.up.sessionHandle);
    const rows = [await store.getSession(handle, 0), ...(await store.listSigningKeys())];
    expect(rows.length).toBeGreaterThan(1);
    for (const row of rows) {
      for (const [name, value] of Object.entries(row ?? {})) {
        if (typeof value === "number") expect([name, Number.isInteger(value)]).toEqual([name, true]);
      }
    }
    await app.close();
  }
});

it("sessions that ended are cleaned up, whatever fractions the clock tells", async () => {
  const store = sqliteStore({ path: freshPath() });
  const clock = new FractionalClock();
  const app = await startApp({ store, clock, refreshTokenValidityMinutes: 60 });
  await app.client().send("POST", "/login");
  for (let hour = 0; hour < 13; hour += 1) {
    clock.advanceMs(3_600_000.06);
    await app.client().send("POST", "/login");
    // Behind the answer.
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
  expect(app.events.filter(({ type }) => type === "store_unavailable")).toEqual([]);
  const { rows } = await store.scanSessions(undefined, 100);
  expect(rows.length).toBeLessThan(5);
  await app.close();
});
