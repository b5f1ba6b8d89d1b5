import { expect, it } from "vitest";
import { browserSuite } from "./support/browser-suite.ts";

const HOUR_SECONDS = 3600;

browserSuite("the payload in the page", {}, (suite) => {
  it("holds text of any script, as the server has it [wire F-1, F-4]", async () => {
    const words = { name: "Žofie Øygård", 都市: "東京 🏯", שלום: ["مرحبا", '\u2028 \u0000 \\ "quoted"'] };
    const tab = await suite.tab();
    await tab.signIn("user-1", words);
    expect(await tab.payload()).toMatchObject(words);
    // TA-9
    const changed = { name: "Ελένη 👩‍👩‍👧" };
    const answer = await tab.post("/update-jwt", changed);
    expect(JSON.parse(answer.text)).toMatchObject(changed);
    expect(await tab.payload()).toMatchObject(changed);
    expect(await tab.payload()).toEqual(JSON.parse((await tab.get("/update-jwt")).text));
  });

  it("loses what a merge sets to null, and keeps the rest [wire Q-3, M-4]", async () => {
    const tab = await suite.tab();
    await tab.signIn("user-1", { a: 1, b: { c: null } });
    const before = await tab.payload();
    const { text } = await tab.post("/update-jwt", { d: 2 });
    const after = await tab.payload();
    expect(after).toEqual(JSON.parse(text));
    // Set to null: a, b, iss; tId and rsub are protected and stay.
    expect(after).not.toHaveProperty("a");
    expect(after).not.toHaveProperty("iss");
    expect(after).toMatchObject({
      d: 2,
      tId: "public",
      rsub: "user-1",
      exp: before.exp,
      refreshTokenHash1: before.refreshTokenHash1,
    });
    expect(await tab.actions()).toContain("ACCESS_TOKEN_PAYLOAD_UPDATED");
    expect((await tab.get("/")).status).toBe(200);
  });

  it("changes at the next refresh when merged by handle [wire M-11, F-10]", async () => {
    const tab = await suite.tab();
    await tab.signIn();
    await tab.post("/update-jwt-with-handle", { role: "editor" });
    expect(await tab.payload()).not.toHaveProperty("role");
    // TA-10
    expect(await tab.actions()).not.toContain("ACCESS_TOKEN_PAYLOAD_UPDATED");
    suite.site.clock.advanceSeconds(HOUR_SECONDS + 1);
    expect((await tab.get("/")).status).toBe(200);
    expect(await tab.payload()).toMatchObject({ role: "editor" });
    expect(await tab.actions()).toContain("ACCESS_TOKEN_PAYLOAD_UPDATED");
  });

  it("arrives whole as long as the browser takes the cookie; what is larger is refused aloud [wire F-9]", async () => {
    const tab = await suite.tab();
    expect((await tab.signIn("user-1", { text: "x".repeat(2300) })).status).toBe(200);
    expect((await tab.payload()).text).toHaveLength(2300);
    await tab.signOut();
    expect((await tab.signIn("user-1", { text: "x".repeat(4000) })).status).toBe(500);
    expect(await tab.httpOnlyCookies()).toEqual({});
  });
});
