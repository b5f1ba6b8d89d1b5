import { expect, it } from "vitest";
import { bundleBytes } from "../src/size/bundle.ts";
import { entries, OURS, OURS_VERIFY_ONLY } from "../src/size/entries.ts";

/** Bytes after gzip. A change that needs more raises the figure here, and says why in its commit. */
const CORE_BUDGET_BYTES = 47_000;
const VERIFY_ONLY_BUDGET_BYTES = 4_500;

it("core with its dependencies stays within its bytes, and the public suffix list out of the start-up path", async () => {
  const { upFrontBytes, lazyBytes } = await bundleBytes(entries[OURS] ?? "");
  expect(upFrontBytes).toBeLessThanOrEqual(CORE_BUDGET_BYTES);
  expect(lazyBytes).toBeGreaterThan(30_000);
});

it("what a request with a token goes through stays within its bytes", async () => {
  const { upFrontBytes } = await bundleBytes(entries[OURS_VERIFY_ONLY] ?? "");
  expect(upFrontBytes).toBeLessThanOrEqual(VERIFY_ONLY_BUDGET_BYTES);
});
