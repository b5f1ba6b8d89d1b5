import { join } from "node:path";
import { serverCases } from "@acme/example-page/server-cases";
import { describe, it } from "vitest";

describe("the process of the example", () => {
  for (const { name, run } of serverCases) {
    it(name, () => run(join(import.meta.dirname, "../dist/server.js")));
  }
});
