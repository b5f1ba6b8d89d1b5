import assert from "node:assert/strict";
import type { AdapterCase } from "./adapter-case.js";
import { cookieCases } from "./cases/cookies.js";
import { crossSiteCases } from "./cases/cross-site.js";
import { endpointCases } from "./cases/endpoints.js";
import { errorCases } from "./cases/errors.js";
import { limitCases } from "./cases/limits.js";
import { oneExchangeCases } from "./cases/one-exchange.js";
import { streamCases } from "./cases/streams.js";
import { verifyCases } from "./cases/verify.js";
import type { AdapterHarness } from "./harness.js";
import { WireClient } from "./wire-client.js";

/** The suite: adapters.md §11.2, over real sockets. */
export const adapterConformanceCases: readonly AdapterCase[] = [
  ...verifyCases,
  ...cookieCases,
  ...oneExchangeCases,
  ...errorCases,
  ...endpointCases,
  ...crossSiteCases,
  ...streamCases,
  ...limitCases,
];

/**
 * Runs one case on an application of its own and closes it, whatever happens. Besides what the case asserts, nothing may
 * go unhandled in the process and nothing may be warned of.
 */
export async function runAdapterCase(adapterCase: AdapterCase, harness: AdapterHarness): Promise<void> {
  const options = adapterCase.options ?? {};
  const { origin, probe, close } = await harness.start(options);
  try {
    const base = origin + (options.prefix ?? "");
    await probe.reset();
    await adapterCase.run({ base, probe, harness, client: (mode) => new WireClient(base, mode) });
    const { unhandled, processWarnings, frameworkWarnings } = await probe.snapshot();
    assert.deepEqual({ unhandled, processWarnings }, { unhandled: [], processWarnings: [] });
    if (!adapterCase.mayWarn) assert.deepEqual(frameworkWarnings, []);
  } finally {
    await close();
  }
}
