import { expect, it } from "vitest";
import { countAllocations } from "../src/child/count-allocations.ts";

/** Bytes of heap. A change that needs more raises the figure here, and says why in its commit. */
const CACHED_BUDGET_BYTES = 1_600;
const UNCACHED_BUDGET_BYTES = 5_000;

it("a verified request allocates no more than it did, and the same each time", async () => {
  const [first, second] = [await countAllocations(), await countAllocations()];
  expect(first.cachedBytes).toBeLessThanOrEqual(CACHED_BUDGET_BYTES);
  expect(first.uncachedBytes).toBeLessThanOrEqual(UNCACHED_BUDGET_BYTES);
  expect(Math.abs(first.cachedBytes - second.cachedBytes)).toBeLessThanOrEqual(16);
  expect(Math.abs(first.uncachedBytes - second.uncachedBytes)).toBeLessThanOrEqual(16);
}, 60_000);
