import type { AdapterHarness, Capability, HarnessOptions, Probe } from "./harness.js";
import type { WireClient } from "./wire-client.js";

export interface AdapterContext {
  /** Where the application stands, prefix included. */
  readonly base: string;
  readonly probe: Probe;
  client(mode?: "cookie" | "header"): WireClient;
  /** For cases about starting. */
  readonly harness: AdapterHarness;
}

/** One thing an adapter must do. Knows no test runner; asserts with `node:assert/strict`. */
export interface AdapterCase {
  /** As in adapters.md §11.2: `"C-01"`. */
  readonly id: string;
  /** Gates the merge of an adapter; the others gate a release. */
  readonly isTier1?: true;
  /** What holds, as a sentence. */
  readonly title: string;
  /** Rows of the specification that it proves for this adapter: `"sec C-07"`. */
  readonly rows?: readonly string[];
  /** Left out where the host lacks it. */
  readonly needs?: Capability;
  /** What the application is started with. */
  readonly options?: HarnessOptions;
  /** Whether the host may log warnings, as it does when a request cannot be answered properly. Default false. */
  readonly mayWarn?: true;
  /** @throws AssertionError */
  run(context: AdapterContext): Promise<void>;
}
