import { runAdapterConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { binaryOf, runtimes } from "./runtimes/runtime.js";
import { type Host, startHost } from "./runtimes/start-host.js";
import { ioCases } from "./support/io-cases.js";
import { baseOf, outcomeCases, upgradeCase } from "./support/outcome-cases.js";

for (const runtime of runtimes) {
  const isMissing = binaryOf(runtime) === undefined;
  if (isMissing) console.log(`The suite on ${runtime} is left out: it is not installed on this platform.`);

  describe.skipIf(isMissing)(`on ${runtime}`, () => {
    let host: Host;
    beforeAll(async () => {
      host = await startHost(runtime);
    });
    afterAll(() => host?.stop());

    runAdapterConformance(
      { id: `fetch-${runtime}`, start: (options) => host.start(options) },
      { describe, it },
    );

    for (const { name, run } of [...outcomeCases, upgradeCase]) {
      it(`T2: ${name}`, () => run(baseOf(host.origin)));
    }
    for (const { name, run } of ioCases) it(name, () => run(host.origin));
  });
}
