import { reasonAgainst, type ServerKind } from "@acme/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backend, startBackend } from "../src/backend.ts";
import { faults } from "../src/matrix.ts";
import { runFault } from "../src/run-fault.ts";

/** Left to `npm run faults`: to users they look as F03 does. */
const SLOW: ReadonlySet<string> = new Set(["F02", "F05"]);

describe.each(["postgres", "mysql", "redis"] as const satisfies ServerKind[])("%s", (kind) => {
  const missing = reasonAgainst(kind);

  describe.skipIf(missing !== undefined)(`fault matrix (${missing ?? "a server of its own"})`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await startBackend(kind);
    });
    afterAll(() => backend.stop());

    for (const fault of faults.filter(({ id, only }) => !SLOW.has(id) && (only?.includes(kind) ?? true))) {
      it(`${fault.id} ${fault.title}: nobody is logged out, nobody waits, it recovers by itself [sec O-01, ST-02, CC-08]`, async () => {
        expect((await runFault(fault, backend)).complaints).toEqual([]);
      });
    }
  });
});
