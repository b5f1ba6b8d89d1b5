import { openChromium, reasonWithoutBrowser } from "@acme/browser";
import { pageCases } from "@acme/example-page/page-cases";
import { afterAll, beforeAll, describe, it } from "vitest";
import { type RunningExample, startExample } from "./start-example.ts";

describe.skipIf(reasonWithoutBrowser !== undefined)("the page of the example", () => {
  let example: RunningExample;
  let browser: Awaited<ReturnType<typeof openChromium>>;

  beforeAll(async () => {
    [example, browser] = await Promise.all([startExample(), openChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await example?.stop("SIGTERM");
  });

  for (const { name, run } of pageCases) it(name, () => run(browser, example.origin));
});
