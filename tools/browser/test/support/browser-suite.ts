import type { BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { reasonWithoutBrowser } from "../../src/chromium.ts";
import { type Site, type SiteOptions, startSite } from "../../src/site.ts";
import { Tab, type TabOptions } from "../../src/tab.ts";
import { Profile } from "./profile.ts";

export interface BrowserSuite {
  readonly site: Site;
  /** A tab of the person this test is about; all of them share cookies. */
  tab(options?: TabOptions): Promise<Tab>;
  /** The browser profile of that person. */
  context(): Promise<BrowserContext>;
}

/** One for all groups of a test file. */
let profile: Promise<Profile> | undefined;
afterAll(async () => (await profile)?.close());

/** A group of tests against one server; each test gets an empty browser profile and fresh counters. */
export function browserSuite(
  name: string,
  options: SiteOptions,
  define: (suite: BrowserSuite) => void,
): void {
  describe.skipIf(reasonWithoutBrowser !== undefined)(name, () => {
    let person: Profile;
    let site: Site;

    const suite: BrowserSuite = {
      get site() {
        return site;
      },
      async context() {
        return person.context;
      },
      async tab(tabOptions) {
        return Tab.open(await person.page(), site, tabOptions);
      },
    };

    beforeAll(async () => {
      profile ??= Profile.open();
      [person, site] = await Promise.all([profile, startSite(options)]);
    });
    afterEach(async () => {
      await person.wipe([site.api, site.otherOrigin]);
      site.reset();
    });
    afterAll(() => site?.close());

    define(suite);
  });
}
