import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { APP_INFO, type Handler, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import type { WireClient } from "../support/wire-client.js";

const CROSS_SITE = { ...APP_INFO, websiteDomain: "https://other.org" };

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

const unchecked: Handler = async (req, res, session) =>
  (await session.getSession(req, res, { antiCsrfCheck: false }))?.getUserId();

async function signIn(options: SessionOptions = {}): Promise<void> {
  app = await startApp(options, { "POST /beacon": unchecked });
  client = app.client();
  await client.send("POST", "/login");
}

const NO_HEADERS = { rid: undefined, "anti-csrf": undefined };

describe("anti-CSRF", () => {
  it("unset, it is decided per request by SameSite: none wants the header, lax does not [wire N-1]", async () => {
    await signIn();
    expect(outcome(await client.send("POST", "/me", NO_HEADERS))).toBe("session");
    await app.close();
    await signIn({ appInfo: CROSS_SITE });
    expect(outcome(await client.send("POST", "/me", NO_HEADERS))).toBe("401-TRY");
    expect(outcome(await client.send("POST", "/me", { rid: "" }))).toBe("session");
    await app.close();
    // Per request, where the website is a function of it; VIA_TOKEN is never a default.
    const origin: NonNullable<SessionOptions["appInfo"]>["origin"] = ({ request }) =>
      request?.header("x-site") ?? "https://example.com";
    await signIn({ appInfo: { appName: "t", apiDomain: "https://api.example.com", origin } });
    expect(client.antiCsrf).toBeUndefined();
    expect(outcome(await client.send("POST", "/me", NO_HEADERS))).toBe("session");
    expect(outcome(await client.send("POST", "/me", { ...NO_HEADERS, "x-site": "https://other.org" }))).toBe(
      "401-TRY",
    );
  });

  it("set, it is that mode for every request; anything else is refused when the instance is made [wire N-2]", async () => {
    await expect(startApp({ antiCsrf: "NONE", appInfo: CROSS_SITE })).rejects.toMatchObject({
      payload: { option: "antiCsrf" },
    });
    await signIn({ antiCsrf: "NONE" });
    expect(outcome(await client.send("POST", "/me", NO_HEADERS))).toBe("session");
    await app.close();
    await signIn({ antiCsrf: "VIA_CUSTOM_HEADER" });
    expect(outcome(await client.send("POST", "/me", NO_HEADERS))).toBe("401-TRY");
    await expect(startApp({ antiCsrf: "VIA_MAGIC" as "NONE" })).rejects.toMatchObject({
      type: "INVALID_OPTION",
      payload: { option: "antiCsrf" },
    });
  });

  it("sign-out is a POST, hence checked; a refused one changes nothing [wire N-3, P-10]", async () => {
    for (const [antiCsrf, header] of [
      ["VIA_TOKEN", "anti-csrf"],
      ["VIA_CUSTOM_HEADER", "rid"],
    ] as const) {
      await signIn({ antiCsrf });
      const refused = await client.send("POST", "/auth/signout", { [header]: undefined });
      expect(outcome(refused)).toBe("401-TRY");
      expect((await client.send("POST", "/auth/signout")).json).toEqual({ status: "OK" });
      if (antiCsrf === "VIA_TOKEN") await app.close();
    }
  });

  it("on refresh it is always checked for cookies [wire N-4, K-4]", async () => {
    for (const antiCsrf of ["VIA_TOKEN", "VIA_CUSTOM_HEADER"] as const) {
      await signIn({ antiCsrf });
      expect(tokenEffect(await client.copy().refresh(NO_HEADERS))).toBe(CLEARED_ALL);
      expect((await client.refresh()).status).toBe(200);
      if (antiCsrf === "VIA_TOKEN") await app.close();
    }
  });

  it("VIA_CUSTOM_HEADER failing on an optional route still asks for a refresh [wire N-5]", async () => {
    await signIn({ antiCsrf: "VIA_CUSTOM_HEADER" });
    expect(outcome(await client.send("POST", "/optional", NO_HEADERS))).toBe("401-TRY");
    client.cookies.clear();
    expect(outcome(await client.send("POST", "/optional", NO_HEADERS))).toBe("none");
  });

  it("a beacon has no headers: its route switches the check off [wire N-6]", async () => {
    for (const antiCsrf of ["VIA_TOKEN", "VIA_CUSTOM_HEADER"] as const) {
      await signIn({ antiCsrf });
      expect((await client.send("POST", "/beacon", NO_HEADERS)).json).toBe("user-1");
      if (antiCsrf === "VIA_TOKEN") await app.close();
    }
  });

  it("switching it on: one refresh later everything is bound, nobody is signed out [wire N-7]", async () => {
    await signIn({ antiCsrf: "NONE" });
    const on = await app.sibling({ antiCsrf: "VIA_TOKEN" });
    const moved = on.client();
    moved.cookies = client.cookies;
    expect(outcome(await moved.send("GET", "/me"))).toBe("session");
    expect(outcome(await moved.send("POST", "/me"))).toBe("401-TRY");
    expect((await moved.refresh()).header("anti-csrf")).toBeDefined();
    expect(outcome(await moved.send("POST", "/me"))).toBe("session + tokens");
    expect(outcome(await moved.send("POST", "/me"))).toBe("session");
    await on.close();
  });

  it("switching it off: the stale header is ignored, new tokens are unbound [wire N-8]", async () => {
    await signIn({ antiCsrf: "VIA_TOKEN" });
    const off = await app.sibling({ antiCsrf: "NONE" });
    const moved = off.client();
    moved.cookies = client.cookies;
    moved.antiCsrf = "stale";
    expect(outcome(await moved.send("POST", "/me"))).toBe("session");
    const response = await moved.refresh();
    expect([response.status, response.header("anti-csrf")]).toEqual([200, undefined]);
    expect(moved.front.up.antiCsrfToken).toBeNull();
    expect(outcome(await moved.send("POST", "/me"))).toBe("session + tokens");
    await off.close();
  });

  it("script cookies purged: with VIA_TOKEN the user is signed out, with NONE nobody notices [wire N-9]", async () => {
    await signIn({ antiCsrf: "VIA_TOKEN" });
    client.antiCsrf = undefined;
    expect(outcome(await client.refresh())).toBe("401-CLEAR");
    await app.close();
    await signIn({ antiCsrf: "NONE" });
    client.frontToken = undefined;
    expect((await client.refresh()).status).toBe(200);
    expect(client.front.uid).toBe("user-1");
  });

  it("the request's value is never echoed [wire N-11]", async () => {
    for (const antiCsrf of ["NONE", "VIA_TOKEN"] as const) {
      await signIn({ antiCsrf });
      await client.refresh();
      const promoted = await client.send("GET", "/me", { "anti-csrf": "echo-me" });
      expect(outcome(promoted)).toBe("session + tokens");
      expect(JSON.stringify(promoted.lines)).not.toContain("echo-me");
      expect(promoted.header("anti-csrf")).toBeUndefined();
      if (antiCsrf === "NONE") await app.close();
    }
  });
});
