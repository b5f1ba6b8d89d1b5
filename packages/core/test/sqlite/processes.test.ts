import { expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import type { SecretRow } from "../../src/store/session-store.js";
import { resultOf, startChild } from "./child.js";
import { freshPath, liveSession } from "./fixture.js";

it("F53: 4 processes win 200 promotions each on one session, and every merge between them survives [sec ST-01, ST-03, S-07]", async () => {
  const path = freshPath();
  const store = sqliteStore({ path });
  await store.insertSession(liveSession());
  const children = Array.from({ length: 4 }, () => startChild("promote.mjs", [path, "h", "200"]));
  await Promise.all(children.map((child) => child.line()));
  for (const child of children) child.go();
  const results = await Promise.all(
    children.map((child) => resultOf<{ pid: number; lost: number; slowestMs: number; ms: number }>(child)),
  );
  const row = await store.getSession("h", Date.now());
  await store.close();

  expect(row?.generation).toBe(800);
  const merges = JSON.parse(row?.accessTokenPayloadJson ?? "{}") as Record<string, number>;
  expect(merges).toEqual(Object.fromEntries(results.map(({ pid, lost }) => [pid, 200 + lost])));
  for (const { slowestMs } of results) expect(slowestMs).toBeLessThan(3_000);
  console.log(`F53: ${JSON.stringify(results)}`);
}, 60_000);

it("8 processes that start on an empty file make one schema, one secret and one key per slot [sec ST-09] [wire ST-10, ST-11]", async () => {
  for (let round = 0; round < 3; round += 1) {
    const path = freshPath();
    const children = Array.from({ length: 8 }, (_, index) =>
      startChild("first-boot.mjs", [path, `${index}`]),
    );
    await Promise.all(children.map((child) => child.line()));
    for (const child of children) child.go();
    const results = await Promise.all(
      children.map((child) => resultOf<{ secrets: SecretRow[]; wonSlot: boolean; kids: string[] }>(child)),
    );

    expect(results.filter(({ wonSlot }) => wonSlot)).toHaveLength(1);
    for (const { secrets, kids } of results) {
      expect(secrets).toHaveLength(1);
      expect(secrets).toEqual(results[0]?.secrets);
      expect(kids).toEqual(results[0]?.kids);
    }
  }
}, 60_000);

it.each(["node:sqlite", "better-sqlite3"])(
  "a closed store through %s keeps no timer, no file and no process alive [sec ST-12]",
  async (driver) => {
    const child = startChild("close-and-leave.mjs", [freshPath(), driver]);
    expect(await resultOf(child)).toEqual({ timers: [], files: ["sessions.db"] });
    expect(await child.end()).toBe(0);
  },
);
