import { expect, it } from "vitest";
import { browserSuite } from "./support/browser-suite.ts";

const HOUR_SECONDS = 3600;

browserSuite("a header session", {}, (suite) => {
  it("refreshes once for two tabs [wire B-8]", async () => {
    const first = await suite.tab({ mode: "header" });
    await first.signIn();
    const second = await suite.tab({ mode: "header" });
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    const statuses = await Promise.all([first.callMany(10, "/"), second.callMany(10, "/")]);
    expect(statuses.flat()).toEqual(Array(20).fill(200));
    expect(suite.site.counters.refreshSucceeded).toBe(1);
  });

  it("gets over a lost refresh response [wire Z-1]", async () => {
    const tab = await suite.tab({ mode: "header" });
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    suite.site.refreshFault = "lose the response";
    await expect(tab.get("/")).rejects.toThrow(/fetch/);
    suite.site.refreshFault = "none";
    expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
  });

  it("lets a cookie session go on after the client was switched to headers, until it ends [wire T-19]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    await tab.page.reload();
    await tab.init("header");
    expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect(await tab.get("/")).toEqual({ status: 200, text: "user-1" });
    expect(await tab.accessToken()).toBeUndefined();
    // TA-11
    await tab.signOut();
    await tab.signIn();
    expect(await tab.accessToken()).toMatch(/^ey/);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });

  it("takes the place of a cookie session at the next sign-in, and that one ends [wire K-11]", async () => {
    const tab = await suite.tab();
    await tab.signIn("first");
    const { sessionHandle } = await tab.payload();
    await tab.page.reload();
    await tab.init("header");
    await tab.signIn("second");
    expect(await tab.httpOnlyCookies()).toEqual({});
    expect(await tab.get("/")).toEqual({ status: 200, text: "second" });
    expect(await suite.site.session.getSessionInformation(String(sessionHandle))).toBeUndefined();
  });
});
