import { openChromium, reasonWithoutBrowser } from "@acme/browser";
import { afterAll, beforeAll, describe, it } from "vitest";
import { pageCases } from "./page-cases.ts";
import { serverCases } from "./server-cases.ts";
import { type RunningExample, startExample } from "./start-example.ts";

/**
 * Declares the tests of one example: its process, and its page in a real Chromium.
 *
 * @param server file that starts it
 * @param about  `server` leaves out what is true of the page whoever serves it
 */
export function describeExample(server: string, about: "everything" | "server"): void {
  describe("the process of the example", () => {
    for (const { name, run } of serverCases) it(name, () => run(server));
  });

  describe.skipIf(reasonWithoutBrowser !== undefined)(
    `the page of the example (${reasonWithoutBrowser ?? "in Chromium"})`,
    () => {
      let example: RunningExample;
      let browser: Awaited<ReturnType<typeof openChromium>>;

      beforeAll(async () => {
        [example, browser] = await Promise.all([startExample(server), openChromium()]);
      });
      afterAll(async () => {
        await browser?.close();
        await example?.stop("SIGTERM");
      });

      for (const { name, run } of pageCases.filter((one) => about === "everything" || one.about === about)) {
        it(name, () => run(browser, example.origin));
      }
    },
  );
}
