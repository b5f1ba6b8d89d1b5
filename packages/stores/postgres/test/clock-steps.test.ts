import { bindSession, SessionError } from "@acme/session-core/adapter";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FreshSchema, freshSchema, missing, stopServer } from "./fixture.js";

afterAll(stopServer);

const HOUR_MS = 3_600_000;

/** Runs on with the machine's, and can be set. */
class SettableClock {
  stepMs = 0;
  wallMs = (): number => Date.now() + this.stepMs;
  monoMs = (): number => performance.now();
}

describe.skipIf(missing !== undefined)(`PostgreSQL (${missing ?? "real server"})`, () => {
  let fresh: FreshSchema;
  beforeAll(async () => {
    fresh = await freshSchema();
  });
  afterAll(() => fresh.drop());

  it("what the clocks of two processes are set to changes nothing: an honest tab is refreshed, a thief is found [sec TM-01, TM-02, TM-03]", async () => {
    const events: string[] = [];
    const clocks = [new SettableClock(), new SettableClock()];
    const processes = clocks.map(
      (clock) =>
        bindSession<unknown, unknown>(
          {
            appInfo: {
              appName: "clocks",
              apiDomain: "https://api.example.com",
              websiteDomain: "https://example.com",
            },
            antiCsrf: "NONE",
            refreshRateLimit: false,
            store: fresh.open({ clock: "server", maxConnections: 2 }),
            clock,
            onEvent: ({ type }) => events.push(type),
          },
          () => {
            throw new Error("no request here");
          },
        ).session,
    );
    const at = (n: number) => processes[n % 2] as (typeof processes)[number];
    const refresh = async (n: number, token: string): Promise<string> =>
      at(n)
        .refreshSessionWithoutRequestResponse(token, true)
        .then((session) => session.getAllSessionTokensDangerously().refreshToken as string);
    const steps = [31_000, -31_000, 120_000, HOUR_MS, -HOUR_MS, 9 * HOUR_MS, -20 * HOUR_MS, 12 * HOUR_MS, 0];
    const first = await at(0).createNewSessionWithoutRequestResponse("user-1");
    const stolen = first.getAllSessionTokensDangerously().refreshToken as string;
    let token = stolen;
    for (const [n, stepMs] of steps.entries()) {
      (clocks[n % 2] as SettableClock).stepMs = stepMs;
      const session = await at(n).refreshSessionWithoutRequestResponse(token, true);
      const { accessToken, refreshToken } = session.getAllSessionTokensDangerously();
      // Its first use makes it the current one; by the process that minted it, whose clock it goes by.
      await at(n).getSessionWithoutRequestResponse(accessToken, undefined, { antiCsrfCheck: false });
      (clocks[(n + 1) % 2] as SettableClock).stepMs = -stepMs;
      // Two more tabs come with the token before, one at each process.
      for (const other of [0, 1]) expect(await refresh(other, token)).toBe(refreshToken);
      token = refreshToken as string;
    }
    expect(events).not.toContain("theft");
    const verdict: unknown = await refresh(1, stolen).catch((error: unknown) => error);
    expect(SessionError.is(verdict) && verdict.type).toBe("TOKEN_THEFT_DETECTED");
    for (const process of processes) await process.close();
  });
});
