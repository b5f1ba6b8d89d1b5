import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";

/** One thing that the page of every example has to do, in a real browser. */
export interface PageCase {
  name: string;
  /** What it is about: of the page alone one example is enough. */
  about: "page" | "server";
  /** @param origin where the example listens @throws AssertionError when it does not do it */
  run(browser: Browser, origin: string): Promise<void>;
}

/** A step that takes longer has failed. */
const PATIENCE_MS = 12_000;
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

export const pageCases: readonly PageCase[] = [
  pageCase("page", "fits a phone and a desktop, light and dark, before and after sign-in", async (page) => {
    for (const viewport of [PHONE, DESKTOP]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
      }
    }
    await signIn(page);
    await page.setViewportSize(PHONE);
    await page.getByText("Session and claims").click();
    equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
  }),

  pageCase(
    "page",
    "says where the SQLite file is, and names everything for those who do not see it",
    async (page) => {
      match(await textOf(page, "#database-file"), /[/\\]\.sessions[/\\]sessions\.db$/);
      await signIn(page);
      const picture = page.getByRole("img", { name: "Refresh token number 1 is in use" });
      await picture.waitFor();
      equal(await page.locator("#log").getAttribute("aria-live"), "polite");
      const nameless = await page
        .getByRole("button")
        .evaluateAll((buttons) => buttons.filter((button) => !button.textContent?.trim()).length);
      equal(nameless, 0);
    },
  ),

  pageCase("server", "signs in, shows the session and its claims, and signs out", async (page) => {
    await signIn(page, "Grace");
    equal(await textOf(page, "#user-id"), "grace");
    match(await textOf(page, "#claims"), /sessionHandle.*refreshTokenHash1/s);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in as" }).waitFor();
    await logged(page, "Signed out.");
    deepEqual(await sessionCookies(page), []);
  }),

  pageCase("server", "calls the protected and the optional route", async (page) => {
    await signIn(page);
    await page.getByRole("button", { name: "Protected" }).click();
    await logged(page, "200 The protected call went through.");
    await page.getByRole("button", { name: "Optional session" }).click();
    await logged(page, "200 The server knew ada.");
    await page.locator(".picture circle.call").nth(1).waitFor();
  }),

  pageCase(
    "server",
    "is refused by a claim, gets the role, is let in, and gives the role back",
    async (page) => {
      await signIn(page, "Linus");
      const call = page.getByRole("button", { name: "Administrators only" });
      await call.click();
      await logged(page, /403 Refused by a claim — st-role: .*"expectedToInclude":"admin"/);
      await page.locator(".picture circle.refused").first().waitFor();
      await page.getByRole("button", { name: "Make me administrator" }).click();
      await logged(page, "200 The new access token carries the role.");
      equal(await textOf(page, "#role"), "admin");
      await call.click();
      await logged(page, "200 Welcome, administrator.");
      await page.getByRole("button", { name: "Take the role away" }).click();
      await logged(page, "200 The role is gone");
      equal(await textOf(page, "#role"), "none");
    },
  ),

  pageCase(
    "server",
    "lets a role that is given and taken here take effect in a second browser",
    async (page) => {
      await signIn(page, "Grace");
      await inAnotherBrowser(page, async (other) => {
        await signIn(other, "Grace");
        const call = other.getByRole("button", { name: "Administrators only" });
        const expire = other.getByRole("button", { name: "Expire the access token" });
        await call.click();
        await logged(other, /403 Refused by a claim/);
        await page.getByRole("button", { name: "Make me administrator" }).click();
        await logged(page, "200 The new access token carries the role.");
        await expire.click();
        await logged(other, "the access token has expired");
        await call.click();
        await logged(other, "200 Welcome, administrator.");
        equal(await textOf(other, "#role"), "admin");
        await page.getByRole("button", { name: "Take the role away" }).click();
        await logged(page, "200 The role is gone");
        await expire.click();
        await call.click();
        await other.waitForFunction(() => document.querySelector("#role")?.textContent === "none");
      });
    },
  ),

  pageCase("server", "refreshes by itself once the access token has expired", async (page) => {
    await signIn(page);
    const before = await sessionCookies(page);
    await page.getByRole("button", { name: "Expire the access token" }).click();
    await logged(page, "the access token has expired");
    await page.getByRole("button", { name: "Protected" }).click();
    await logged(page, "The client refreshed");
    await logged(page, "200 The protected call went through.");
    await page.getByRole("img", { name: "Refresh token number 2 is in use" }).waitFor();
    const after = await sessionCookies(page);
    equal(after.length, 2);
    notEqual(after[1]?.value, before[1]?.value);
  }),

  pageCase("page", "calls by itself, and shows each call", async (page) => {
    await signIn(page);
    await page.getByLabel("Call the API every 3 seconds").check();
    await page.locator(".picture circle.call").first().waitFor();
  }),

  pageCase("server", "gives two tabs one refresh, and two refreshes at once one child", async (page) => {
    await signIn(page);
    await page.getByRole("button", { name: "Two tabs at once" }).click();
    await logged(page, "200 and 200, with 1 refresh between them.");
    await logged(page, "Both refreshed at once, past the lock: one and the same child");
    await page.getByRole("button", { name: "Protected" }).click();
    await logged(page, "200 The protected call went through.");
  }),

  pageCase("server", "catches a replayed refresh token, and shows the end of the session", async (page) => {
    await signIn(page);
    await page.getByRole("button", { name: "Replay a stolen refresh token" }).click();
    await logged(page, /401 31 seconds later the thief presents the old one: “token theft detected”/);
    await logged(page, "The session has ended; this browser is signed out.");
    await page.getByRole("heading", { name: "Sign in as" }).waitFor();
    await page.locator(".picture .ended").waitFor();
    deepEqual(await sessionCookies(page), []);
  }),

  pageCase("server", "lists the sessions, and revokes another one and this one", async (page) => {
    await signIn(page, "Grace");
    await page.getByRole("button", { name: "Sign in on another device" }).click();
    const other = page.getByRole("button", { name: "Revoke the session of another device" });
    await other.first().waitFor();
    const count = await other.count();
    await other.first().click();
    await logged(page, "Revoked the session of another device.");
    await page.waitForFunction(
      (expected) => document.querySelectorAll('[aria-label$="another device"]').length === expected,
      count - 1,
    );
    await page.getByRole("button", { name: "Revoke the session of This browser" }).click();
    await page.getByRole("heading", { name: "Sign in as" }).waitFor();
    deepEqual(await sessionCookies(page), []);
  }),

  pageCase("server", "stays signed in when the page is opened again", async (page) => {
    await signIn(page);
    await page.reload();
    await page.getByRole("heading", { name: "Signed in as ada" }).waitFor();
  }),
];

/** The page in a fresh profile, its heartbeat off; an error in the page is a failure. */
function pageCase(about: PageCase["about"], name: string, drive: (page: Page) => Promise<void>): PageCase {
  return {
    name,
    about,
    async run(browser, origin) {
      const context = await browser.newContext({ viewport: DESKTOP });
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        const errors: string[] = [];
        page.on("pageerror", ({ message }) => errors.push(message));
        await page.goto(origin);
        await page.locator("body[data-ready]").waitFor();
        await drive(page);
        deepEqual(errors, []);
      } finally {
        await context.close();
      }
    },
  };
}

/** The same page in a profile of its own: another person's browser, or another machine. */
async function inAnotherBrowser(page: Page, drive: (other: Page) => Promise<void>): Promise<void> {
  const context = await page.context().browser()?.newContext({ viewport: DESKTOP });
  if (context === undefined) throw new Error("the page belongs to no browser");
  try {
    const other = await context.newPage();
    other.setDefaultTimeout(PATIENCE_MS);
    await other.goto(page.url());
    await other.locator("body[data-ready]").waitFor();
    await drive(other);
  } finally {
    await context.close();
  }
}

async function signIn(page: Page, name = "Ada"): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("heading", { name: "Signed in as" }).waitFor();
  await page.getByLabel("Call the API every 3 seconds").uncheck();
}

/** Waits until the log has a line like this. */
async function logged(page: Page, line: string | RegExp): Promise<void> {
  await page.locator("#log li").filter({ hasText: line }).first().waitFor();
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? "";
}

/** What the browser keeps of the session where no script can see it, access token first. */
async function sessionCookies(page: Page): Promise<{ name: string; value: string }[]> {
  const cookies = await page.context().cookies();
  return cookies
    .filter(({ name }) => name === "sAccessToken" || name === "sRefreshToken")
    .map(({ name, value }) => ({ name, value }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
