import type { Browser, BrowserContext, Page } from "playwright-core";
import { openChromium } from "../../src/chromium.ts";

/**
 * The profile of the person that tests are about, in a Chromium of its own. Between two people it is wiped: a new profile,
 * and new processes for its tabs, would take longer than most tests.
 */
export class Profile {
  readonly context: BrowserContext;
  readonly #browser: Browser;
  readonly #pages: Page[] = [];
  #opened = 0;

  private constructor(browser: Browser, context: BrowserContext) {
    this.#browser = browser;
    this.context = context;
  }

  static async open(): Promise<Profile> {
    const browser = await openChromium();
    return new Profile(browser, await browser.newContext());
  }

  /** An empty tab. */
  async page(): Promise<Page> {
    const page = this.#pages[this.#opened] ?? (await this.context.newPage());
    this.#pages[this.#opened++] = page;
    return page;
  }

  /** Nothing of these origins is left, and no script of theirs runs that could write again. */
  async wipe(origins: readonly string[]): Promise<void> {
    const pages = this.#pages.slice(0, this.#opened);
    this.#opened = 0;
    await Promise.all(
      pages.map(async (page) => {
        // Kept for a tab and its origin, out of reach from elsewhere.
        await page.evaluate(() => sessionStorage.clear());
        await page.goto("about:blank");
      }),
    );
    await this.context.clearCookies();
    const [page] = pages;
    if (page === undefined) return;
    const devtools = await this.context.newCDPSession(page);
    for (const origin of origins)
      await devtools.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
    await devtools.detach();
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
