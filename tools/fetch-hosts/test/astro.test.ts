import { join } from "node:path";
import { runAdapterConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type HostProcess, startProcess } from "../src/start-process.ts";

let host: HostProcess;
beforeAll(async () => {
  host = await startProcess(process.execPath, [join(import.meta.dirname, "../src/astro/serve.ts")]);
});
afterAll(() => host?.stop());

runAdapterConformance({ id: "fetch-astro", start: (options) => host.start(options) }, { describe, it });
