import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { reasonAgainst } from "@acme/servers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { apps } from "../src/http/apps.ts";
import { load, requestBytes } from "../src/http/load.ts";
import { USER } from "../src/http/tokens.ts";
import type { Row } from "../src/row.ts";

const run = promisify(execFile);
const main = join(import.meta.dirname, "../src/main.ts");
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bench-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function bench(...args: string[]): Promise<Row[]> {
  const file = join(directory, "rows.json");
  await run(process.execPath, [main, "--rounds", "1", "--round-ms", "1", "--json", file, ...args]);
  return JSON.parse(await readFile(file, "utf8"));
}

it("one round in process: everybody finds the user, and the rows, the table and the picture are written", async () => {
  const markdown = join(directory, "table.md");
  const svg = join(directory, "picture.svg");
  const rows = await bench("--suite", "getSession", "--markdown", markdown, "--svg", svg);
  const cases = rows.filter(({ suite }) => suite === "getSession").map((row) => row.case);
  for (const peer of [
    "supertokens-node",
    "better-auth",
    "iron-session",
    "express-session",
    "fast-jwt",
    "jose",
  ]) {
    expect(
      cases.some((name) => name.startsWith(peer)),
      peer,
    ).toBe(true);
  }
  for (const row of rows) {
    expect(row, row.case).toMatchObject({
      unit: "ns",
      suite: expect.any(String),
      ratioTo: expect.any(String),
    });
    for (const value of [row.median, row.p25, row.p75, row.ratio]) expect(value, row.case).toBeGreaterThan(0);
  }
  const table = await readFile(markdown, "utf8");
  const picture = await readFile(svg, "utf8");
  for (const name of cases) {
    expect(table).toContain(`| ${name} `);
    expect(picture).toContain(`>${name}</text>`);
  }
}, 60_000);

const TINY = ["--rows", "300", "--suite"];
const servers = (["postgres", "mysql", "redis"] as const).filter((kind) => {
  const reason = reasonAgainst(kind);
  if (reason !== undefined) console.log(`stores on ${kind} are left out: ${reason}`);
  return reason === undefined;
});

it.each([
  ["stores", "create", ["memory", "sqlite", ...servers]],
  ["growth", "create, 300 rows", ["sqlite"]],
  ["store-load", "stampede of 300 × 3 tabs", ["memory", "sqlite"]],
])(
  "one round of %s: every store has its rows, and targets beside them",
  async (suite, name, stores) => {
    const rows = await bench(...TINY, suite, ...stores.flatMap((store) => ["--store", store]));
    for (const store of stores) {
      const row = rows.find((one) => one.case === `${store}: ${name}`);
      expect(row?.gate, store).toEqual({
        of: expect.stringMatching(/^(ratio|median)$/),
        atMost: expect.any(Number),
        isMet: expect.any(Boolean),
      });
      expect(row?.median, store).toBeGreaterThan(0);
    }
  },
  120_000,
);

it("an unknown suite is refused with the names there are", async () => {
  await expect(run(process.execPath, [main, "--suite", "nothing"])).rejects.toThrow(
    /there is no suite nothing; there are getSession, http/,
  );
  await expect(run(process.execPath, [main, "--store", "nothing"])).rejects.toThrow(
    /there is no store nothing; there are memory, sqlite/,
  );
}, 60_000);

// `next build` takes longer than all of this; the adapter's own tests drive its built application.
it.each(apps.filter(({ name, build }) => build === undefined && !/unguarded|empty/.test(name)))(
  "$name lets its request through",
  async ({ start }) => {
    const { port, headers } = await start();
    await load(port, requestBytes(headers), 8, 2, USER);
    const refused = load(port, requestBytes({ host: "x" }), 1, 1, USER);
    await expect(refused).rejects.toThrow("unexpected answer");
  },
);
