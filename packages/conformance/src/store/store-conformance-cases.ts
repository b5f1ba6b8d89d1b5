import { cleanupCases } from "./cleanup.js";
import { closeCases } from "./close.js";
import { createAndReadCases } from "./create-and-read.js";
import { damageCases } from "./damage.js";
import { emptiedCases } from "./emptied.js";
import { expiryCases } from "./expiry.js";
import { identifierCases } from "./identifiers.js";
import { keyCases } from "./keys.js";
import { listCases } from "./list.js";
import { namespaceCases } from "./namespaces.js";
import { payloadCases } from "./payload.js";
import { promoteCases } from "./promote.js";
import { revocationRaceCases } from "./revocation-races.js";
import { revokeCases } from "./revoke.js";
import { scanCases } from "./scan.js";
import { secretCases } from "./secrets.js";
import type { MakeStore, StoreCase } from "./store-case.js";
import { valueCases } from "./values.js";

/** The suite: wire-contract.md Appendix B and security.md §12, §13, P-05, as far as a store alone can show them. */
export const storeConformanceCases: readonly StoreCase[] = [
  ...createAndReadCases,
  ...expiryCases,
  ...promoteCases,
  ...payloadCases,
  ...revokeCases,
  ...revocationRaceCases,
  ...listCases,
  ...scanCases,
  ...cleanupCases,
  ...identifierCases,
  ...valueCases,
  ...keyCases,
  ...secretCases,
  ...namespaceCases,
  ...damageCases,
  ...emptiedCases,
  ...closeCases,
];

/** Runs one case on a fresh store, closes what it opened and cleans up, whatever happens. */
export async function runStoreCase(storeCase: StoreCase, makeStore: MakeStore): Promise<void> {
  const made = await makeStore();
  const second = (await made.reopen?.()) ?? made.store;
  try {
    await storeCase.run({ store: made.store, second, damage: made.damage, deleteAll: made.deleteAll });
  } finally {
    await second.close();
    await made.store.close();
    await made.cleanup?.();
  }
}
