import { MemoryStore } from "@acme/session-core/store";
import { expect, it } from "vitest";
import { runStoreCase, storeConformanceCases } from "../src/index.js";
import { brokenStores } from "./broken-stores.js";

/** Ids of the cases that a store does not pass. */
async function failures(make: () => MemoryStore): Promise<string[]> {
  const failed: string[] = [];
  for (const storeCase of storeConformanceCases.filter(
    ({ needs }) => needs === undefined || needs === "namespaces",
  )) {
    await runStoreCase(storeCase, () => ({ store: make() })).catch(() => failed.push(storeCase.id));
  }
  return failed;
}

it("the suite lets a right store pass", async () => {
  expect(await failures(() => new MemoryStore())).toEqual([]);
});

it.each(Object.entries(brokenStores))(
  "the suite fails a store that %s",
  async (_, { case: expected, make }) => {
    expect(await failures(make)).toContain(expected);
  },
);

it("every case has an id of its own, and its rows are rows", () => {
  expect(new Set(storeConformanceCases.map(({ id }) => id)).size).toBe(storeConformanceCases.length);
  for (const { rows } of storeConformanceCases) {
    for (const row of rows) expect(row).toMatch(/^(wire|sec) [A-Z]+-\d+$/);
  }
});
