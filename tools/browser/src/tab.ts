import type { Page } from "playwright-core";
import type { Answer, CallOptions, PageClient } from "./client/page-client.ts";
import type { Site } from "./site.ts";

export interface TabOptions {
  /** Which origin serves the page; default the API's own. */
  origin?: string;
  mode?: "cookie" | "header";
}

/** One tab with the published client in it. Paths are those of the API. */
export class Tab {
  readonly page: Page;
  readonly #site: Site;

  private constructor(page: Page, site: Site) {
    this.page = page;
    this.#site = site;
  }

  static async open(
    page: Page,
    site: Site,
    { origin = site.api, mode = "cookie" }: TabOptions = {},
  ): Promise<Tab> {
    const tab = new Tab(page, site);
    await tab.page.goto(`${origin}/index.html`);
    await tab.init(mode);
    return tab;
  }

  init(tokenTransferMethod: "cookie" | "header"): Promise<void> {
    const options = { apiDomain: this.#site.api, tokenTransferMethod };
    return this.page.evaluate((given) => window.client.init(given), options);
  }

  call(method: string, path: string, options?: CallOptions): Promise<Answer> {
    const input = { method, url: this.#url(path), options };
    return this.page.evaluate((given) => window.client.call(given.method, given.url, given.options), input);
  }

  callXhr(method: string, path: string): Promise<Answer> {
    const input = { method, url: this.#url(path) };
    return this.page.evaluate((given) => window.client.callXhr(given.method, given.url), input);
  }

  callMany(count: number, path: string): Promise<number[]> {
    const input = { count, url: this.#url(path) };
    return this.page.evaluate((given) => window.client.callMany(given.count, given.url), input);
  }

  signIn(userId = "user-1", payload?: object): Promise<Answer> {
    return this.call("POST", "/login", { body: { userId, payload } });
  }

  get = (path: string): Promise<Answer> => this.call("GET", path);
  post = (path: string, body: unknown = {}): Promise<Answer> => this.call("POST", path, { body });

  events(): Promise<PageClient["events"]> {
    return this.page.evaluate(() => window.client.events);
  }

  async actions(): Promise<string[]> {
    return (await this.events()).map(({ action }) => action);
  }

  doesSessionExist = (): Promise<boolean> => this.page.evaluate(() => window.client.doesSessionExist());
  payload = (): Promise<Record<string, unknown>> => this.page.evaluate(() => window.client.getPayload());
  userId = (): Promise<string> => this.page.evaluate(() => window.client.getUserId());
  accessToken = (): Promise<string | undefined> => this.page.evaluate(() => window.client.getAccessToken());
  refresh = (): Promise<boolean> => this.page.evaluate(() => window.client.refresh());
  signOut = (): Promise<void> => this.page.evaluate(() => window.client.signOut());
  scriptCookies = (): Promise<string[]> => this.page.evaluate(() => window.client.scriptCookies());
  purgeScriptCookies = (): Promise<void> => this.page.evaluate(() => window.client.purgeScriptCookies());

  /** Moves this browser's clock. */
  moveClock(offsetMs: number): Promise<void> {
    return this.page.evaluate((ms) => {
      window.client.clockOffsetMs = ms;
    }, offsetMs);
  }

  /** Cookies of the API that script cannot see, by name. */
  async httpOnlyCookies(): Promise<Record<string, string>> {
    const cookies = await this.page.context().cookies([`${this.#site.api}/auth/session/refresh`]);
    return Object.fromEntries(
      cookies.filter(({ httpOnly }) => httpOnly).map(({ name, value }) => [name, value]),
    );
  }

  #url(path: string): string {
    return this.#site.api + path;
  }
}
