import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { startChild } from "./child.js";
import { freshPath } from "./fixture.js";

/** `pnpm --filter @acme/session-core test:crash` runs 200. */
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 30);

interface Said {
  readonly inserted?: string;
  readonly generation?: number;
  readonly payload?: number;
  readonly deleted?: string;
}

it(
  `F52: ${ROUNDS} times kill -9 in the middle of writing: what was said to be committed is there, whole [sec CC-04]`,
  async () => {
    const path = freshPath();
    const store = sqliteStore({ path });
    const nowMs = Date.now();
    let promotions = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const child = startChild("write-until-killed.mjs", [path, `${round}`]);
      await child.line();
      await sleep(Math.random() * 60);
      child.process.kill("SIGKILL");
      expect(await child.end()).toBe("SIGKILL");

      const said = child.lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line) as Said);
      const generation = Math.max(0, ...said.map((event) => event.generation ?? 0));
      const payload = Math.max(0, ...said.map((event) => event.payload ?? 0));
      const handle = `round-${round}`;
      const row = await store.getSession(handle, nowMs);
      expect(row).toBeDefined();
      // At most the step that was under way when it died is there besides.
      expect([generation, generation + 1]).toContain(row?.generation);
      expect(row?.refreshTokenHash2).toBe(`${handle}-${row?.generation}`);
      if (row?.generation) expect(row.previousRefreshTokenHash2).toBe(`${handle}-${row.generation - 1}`);
      const { n } = JSON.parse(row?.accessTokenPayloadJson ?? "{}") as { n: number };
      expect([payload, payload + 1]).toContain(n);
      for (const { deleted } of said) {
        if (deleted !== undefined) expect(await store.getSession(deleted, nowMs)).toBeUndefined();
      }
      // A survivor can still be used and revoked.
      expect(await store.replaceSessionData(handle, nowMs, '{"after":1}')).toBe(true);
      expect(await store.deleteSessions([handle], nowMs)).toEqual([handle]);
      promotions += generation;
    }
    await store.close();
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const database = new DatabaseSync(path);
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    database.close();
    console.log(`F52: ${ROUNDS} rounds, ${promotions} promotions`);
  },
  30_000 + ROUNDS * 2_000,
);
