import { join } from "node:path";
import { openChromium, reasonWithoutBrowser } from "@acme/browser";
import { pageCases } from "@acme/example-page/page-cases";
import { type RunningExample, startExample } from "@acme/example-page/start-example";
import { afterAll, beforeAll, describe, it } from "vitest";

describe.skipIf(reasonWithoutBrowser !== undefined)("the page of the example", () => {
  let example: RunningExample;
  let browser: Awaited<ReturnType<typeof openChromium>>;

  beforeAll(async () => {
    const server = join(import.meta.dirname, "../dist/server.js");
    [example, browser] = await Promise.all([startExample(server), openChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await example?.stop("SIGTERM");
  });

  for (const { name, run } of pageCases.filter(({ about }) => about === "server")) {
    it(name, () => run(browser, example.origin));
  }
});
