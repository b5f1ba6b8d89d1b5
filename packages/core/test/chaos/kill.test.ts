import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { moved, startServer } from "../security/server-process.js";
import { freshPath } from "../sqlite/fixture.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

/** `pnpm --filter @acme/session-core chaos` runs 200. */
const ROUNDS = Number(process.env.CHAOS_ROUNDS ?? 25);

/** One action of a client after another, until the connection breaks. */
async function liveUntilKilled(client: WireClient): Promise<{ signedOut: boolean }> {
  let signedOut = false;
  const steps: (() => Promise<WireResponse>)[] = [
    () => client.refresh(),
    () => client.refresh(),
    () => client.send("GET", "/me"),
    () => client.send("POST", "/merge", { "x-n": `${randomInt(1000)}` }),
  ];
  try {
    for (;;) {
      if (randomInt(40) === 0) {
        signedOut = true;
        await client.send("POST", "/revoke");
        return { signedOut };
      }
      const response = await (steps[randomInt(steps.length)] as () => Promise<WireResponse>)();
      expect(response.status).toBe(200);
    }
  } catch (error) {
    expect(String(error)).toMatch(/ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|aborted/);
    return { signedOut };
  }
}

it(
  `${ROUNDS} times kill -9 at any moment of a session's life: the retry with what the client holds goes on [sec CC-04, R-07, A-06]`,
  async () => {
    const path = freshPath();
    const store = sqliteStore({ path });
    let recovered = 0;
    let over = 0;
    let server = await startServer(path, { refreshRateLimit: false });
    for (let round = 0; round < ROUNDS; round += 1) {
      const clients = Array.from({ length: 3 }, () => server.client("header"));
      for (const client of clients) expect((await client.send("POST", "/login")).status).toBe(200);
      const lives = clients.map(liveUntilKilled);
      await sleep(randomInt(60));
      await server.kill("SIGKILL");
      const ends = await Promise.all(lives);
      expect(server.complaints()).toEqual([]);

      server = await startServer(path, { refreshRateLimit: false });
      for (const [n, { signedOut }] of ends.entries()) {
        const client = moved(clients[n] as WireClient, server);
        const handle = client.refreshToken?.split(".")[2] ?? "";
        const isAlive = (await store.getSession(handle, Date.now())) !== undefined;
        const retry = await client.refresh();
        if (!isAlive) {
          // Only a sign-out may have ended it, and then it is over without a word of theft.
          expect([signedOut, retry.status, retry.json]).toEqual([true, 401, { message: "unauthorised" }]);
          over += 1;
          continue;
        }
        expect(retry.status).toBe(200);
        for (let turn = 0; turn < 2; turn += 1) {
          expect((await client.send("GET", "/me")).status).toBe(200);
          expect((await client.refresh()).status).toBe(200);
        }
        expect((await client.send("POST", "/revoke")).status).toBe(200);
        expect(await store.getSession(handle, Date.now())).toBeUndefined();
        recovered += 1;
      }
      expect(server.complaints()).toEqual([]);
    }
    await store.close();
    expect(recovered).toBeGreaterThan(ROUNDS);
    console.log(`kill -9: ${recovered} sessions went on, ${over} had been signed out`);
  },
  30_000 + ROUNDS * 3_000,
);
