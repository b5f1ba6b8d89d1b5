import { expect, it } from "vitest";
import { type AdapterHarness, adapterConformanceCases, runAdapterCase } from "../src/index.js";
import { BareAdapter, startBareApp } from "./support/bare-app.js";
import { brokenAdapters } from "./support/broken-adapters.js";

/** Which of the cases an adapter does not pass. */
async function failures(parts: BareAdapter, ids: readonly string[]): Promise<string[]> {
  const failed: string[] = [];
  for (const adapterCase of adapterConformanceCases.filter(({ id }) => ids.includes(id))) {
    const harness: AdapterHarness = { id: "broken", start: (options) => startBareApp(options, parts) };
    await runAdapterCase(adapterCase, harness).catch(() => failed.push(adapterCase.id));
  }
  return failed;
}

it("the cases let a right adapter pass", async () => {
  const ids = Object.values(brokenAdapters).flatMap(({ cases }) => cases);
  expect(await failures(new BareAdapter(), ids)).toEqual([]);
});

it.each(Object.entries(brokenAdapters))("the suite fails an adapter that %s", async (_, { cases, parts }) => {
  expect(await failures(parts, cases)).toEqual(cases);
});

it("every case has an id of its own, and its rows are rows", () => {
  expect(new Set(adapterConformanceCases.map(({ id }) => id)).size).toBe(adapterConformanceCases.length);
  for (const { rows = [] } of adapterConformanceCases) {
    for (const row of rows) expect(row).toMatch(/^(wire|sec) [A-Z]+-\d+$/);
  }
});
