import { expect, it } from "vitest";
import { bundleBytes } from "../src/size/bundle.ts";
import { entries, OURS, OURS_EDGE, OURS_VERIFY_ONLY, OURS_VERIFY_ONLY_EDGE } from "../src/size/entries.ts";

/** Bytes after gzip. A change that needs more raises the figure here, and says why in its commit. */
const BUDGETS = {
  [OURS]: 61_700,
  [OURS_EDGE]: 56_750,
  [OURS_VERIFY_ONLY]: 9_700,
  [OURS_VERIFY_ONLY_EDGE]: 8_950,
};

it.each(Object.entries(BUDGETS))(
  "%s stays within its bytes",
  async (name, budgetBytes) => {
    const entry = entries[name];
    if (entry === undefined) throw new Error(`there is no bundle ${name}`);
    const { upFrontBytes, lazyBytes } = await bundleBytes(entry);
    expect(upFrontBytes).toBeLessThanOrEqual(budgetBytes);
    // The public suffix list is loaded when it is needed, and by nobody who only verifies.
    if (name.includes("core")) expect(lazyBytes).toBeGreaterThan(30_000);
    else expect(lazyBytes).toBe(0);
  },
  60_000,
);
