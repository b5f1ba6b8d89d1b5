import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { openChromium, reasonWithoutBrowser } from "../../src/chromium.ts";
import { type Site, type SiteOptions, startSite } from "../../src/site.ts";
import { Tab } from "../../src/tab.ts";

export interface BrowserSuite {
  readonly site: Site;
  /** A tab of the person this test is about; all of them share cookies. */
  tab(options?: Parameters<typeof Tab.open>[2]): Promise<Tab>;
  /** The browser profile of that person. */
  context(): Promise<BrowserContext>;
}

/** A group of tests against one server; each test gets a fresh browser profile and fresh counters. */
export function browserSuite(
  name: string,
  options: SiteOptions,
  define: (suite: BrowserSuite) => void,
): void {
  describe.skipIf(reasonWithoutBrowser !== undefined)(name, () => {
    let browser: Browser;
    let site: Site;
    let profile: BrowserContext | undefined;

    const suite: BrowserSuite = {
      get site() {
        return site;
      },
      async context() {
        profile ??= await browser.newContext();
        return profile;
      },
      async tab(tabOptions) {
        return Tab.open(await suite.context(), site, tabOptions);
      },
    };

    beforeAll(async () => {
      [browser, site] = await Promise.all([openChromium(), startSite(options)]);
    });
    afterEach(async () => {
      await profile?.close();
      profile = undefined;
      site.reset();
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });

    define(suite);
  });
}
