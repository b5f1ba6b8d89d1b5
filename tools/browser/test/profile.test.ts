import { describe, expect, it } from "vitest";
import { reasonWithoutBrowser } from "../src/chromium.ts";
import { startSite } from "../src/site.ts";
import { Tab } from "../src/tab.ts";
import { Profile } from "./support/profile.ts";

/** What a page finds. */
async function foundBy(tab: Tab) {
  const inPage = await tab.page.evaluate(async () => ({
    cookies: document.cookie,
    local: { ...localStorage },
    session: { ...sessionStorage },
    databases: await indexedDB.databases(),
  }));
  return { ...inPage, httpOnly: await tab.httpOnlyCookies(), hasSession: await tab.doesSessionExist() };
}

describe.skipIf(reasonWithoutBrowser !== undefined)("a profile that was wiped", () => {
  it("holds nothing of the person before, on either origin, in the same tab", async () => {
    const [profile, site] = await Promise.all([Profile.open(), startSite()]);
    const origins = [site.api, site.otherOrigin];
    for (const origin of origins) {
      for (const mode of ["cookie", "header"] as const) {
        const open = async () => Tab.open(await profile.page(), site, { origin, mode });
        const tab = await open();
        const atFirst = await foundBy(tab);
        await tab.signIn();
        await tab.page.evaluate(async () => {
          localStorage.setItem("left", "behind");
          sessionStorage.setItem("left", "behind");
          await new Promise((resolve) => {
            indexedDB.open("left").onsuccess = resolve;
          });
        });
        expect((await foundBy(tab)).hasSession).toBe(true);
        await profile.wipe(origins);
        expect(await foundBy(await open())).toEqual(atFirst);
        expect(atFirst).toMatchObject({ cookies: "", httpOnly: {}, hasSession: false, databases: [] });
        await profile.wipe(origins);
      }
    }
    expect(profile.context.pages()).toHaveLength(1);
    await profile.close();
    await site.close();
  });
});
