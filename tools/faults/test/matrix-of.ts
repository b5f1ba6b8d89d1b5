import { reasonAgainst } from "@acme/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, startBackend } from "../src/backend.ts";
import { brief } from "../src/lengths.ts";
import { rows } from "../src/matrix.ts";
import type { StoreKind } from "../src/open-store.ts";
import { runRow } from "../src/row.ts";

/** Which security rules a row proves. */
const PROVES: Readonly<Record<string, string>> = {
  F04: "ST-04",
  F06: "ST-03, ST-04",
  F07: "ST-05",
  F08: "CC-04, R-07",
  F09: "CC-05, R-18, S-07",
  F10: "R-12",
  F11: "R-12",
  F12: "TM-01…TM-03",
  F13: "ST-09",
  F23: "ST-03",
  F25: "R-12, MR-03",
  F27: "MR-03, O-01",
  F30: "ST-03",
  F31: "ST-07",
  F41: "MR-03",
  F42: "R-12",
  F45: "R-12, CC-04",
  F52: "CC-04",
  F53: "ST-01, ST-03",
  F60: "K-06",
  F61: "K-06",
  "L-05": "CC-01, R-06",
  "L-12": "K-03, T-12",
};

/** The rows of one store, each as far as there are seconds for it. `npm run faults` goes further. */
export function testMatrixOf(kind: StoreKind): void {
  const missing = kind === "memory" || kind === "sqlite" ? undefined : reasonAgainst(kind);

  describe.skipIf(missing !== undefined)(`fault matrix, ${kind} (${missing ?? "of its own"})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await startBackend(kind);
    });
    afterAll(() => backend.stop());

    for (const row of rows.filter(({ isSlow, stores }) => !isSlow && stores.includes(kind))) {
      const reason = row.reasonAgainst?.();
      const proves = PROVES[row.id] ?? "O-01, ST-02, CC-08";
      it.skipIf(reason !== undefined)(
        `${row.id} ${row.title}${reason === undefined ? "" : ` (${reason})`} [sec ${proves}]`,
        async () => {
          expect((await runRow(row, backend, brief)).complaints).toEqual([]);
        },
        // Enough for a machine that has other things to do.
        240_000,
      );
    }
  });
}
