import { expect, it } from "vitest";
import { browserSuite } from "./support/browser-suite.ts";

const HOUR_SECONDS = 3600;

browserSuite("a session with anti-CSRF tokens", { antiCsrf: "VIA_TOKEN" }, (suite) => {
  it("keeps the token in the page and sends it with every call [wire B-3, B-4, I-4]", async () => {
    const tab = await suite.tab({ origin: suite.site.otherOrigin });
    await tab.signIn();
    // TA-2
    expect(await tab.scriptCookies()).toEqual(["sAntiCsrf", "sFrontToken", "st-last-access-token-update"]);
    const { antiCsrfToken } = await tab.payload();
    const headers = JSON.parse((await tab.get("/echo-headers")).text);
    expect(headers["anti-csrf"]).toBe(antiCsrfToken);
    expect(await tab.post("/write")).toEqual({ status: 200, text: "written" });
  });

  it("gets over a lost refresh response: the child has the same token [wire Z-1]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    suite.site.refreshFault = "lose the response";
    await expect(tab.post("/write")).rejects.toThrow(/fetch/);
    suite.site.refreshFault = "none";
    expect(await tab.post("/write")).toEqual({ status: 200, text: "written" });
  });

  it("ends when the browser purges script cookies [wire N-9]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    await tab.purgeScriptCookies();
    suite.site.reset();
    // TA-6
    expect(await tab.doesSessionExist()).toBe(false);
    expect(suite.site.counters).toMatchObject({ refreshAttempted: 1, refreshSucceeded: 0 });
    expect(await tab.httpOnlyCookies()).toEqual({});
  });
});

browserSuite("a session that wants a header of its own", { antiCsrf: "VIA_CUSTOM_HEADER" }, (suite) => {
  it("is content with the client's header, and refuses a form that cannot send it [wire G-4, J-26]", async () => {
    const tab = await suite.tab({ origin: suite.site.otherOrigin });
    await tab.signIn();
    expect(await tab.post("/write")).toEqual({ status: 200, text: "written" });
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect(await tab.post("/write")).toEqual({ status: 200, text: "written" });
    expect(suite.site.counters.refreshSucceeded).toBe(1);
    const here = await suite.tab();
    const form = await here.call("POST", "/write?superTokensDoNotDoInterception");
    expect(form).toEqual({ status: 401, text: '{"message":"try refresh token"}' });
  });
});
