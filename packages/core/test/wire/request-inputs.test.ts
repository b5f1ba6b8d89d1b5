import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send, type WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";

async function signedIn(
  mode: "cookie" | "header",
  options: Parameters<typeof startApp>[0] = {},
): Promise<WireClient> {
  app = await startApp(options);
  const client = app.client(mode);
  await client.send("POST", "/login");
  return client;
}

describe("Authorization [wire I-5] [sec C-12]", () => {
  it("is read with the scheme in any case and the value trimmed, for the access and the refresh token", async () => {
    const { accessToken, refreshToken } = await signedIn("header");
    for (const form of ["Bearer #", "bearer #", "BEARER   #", "  Bearer # "]) {
      const access = { authorization: form.replace("#", accessToken as string) };
      expect(outcome(await send(app.origin, "GET", "/me", access)), form).toBe("session");
      const refresh = { authorization: form.replace("#", refreshToken as string) };
      expect((await send(app.origin, "POST", REFRESH, refresh)).status, form).toBe(200);
    }
  });

  it("in any other form counts as none: other schemes, no value, lists, a value of several words", async () => {
    const { accessToken, refreshToken } = await signedIn("header");
    const forms = [
      "#",
      "Basic #",
      "Bearer",
      "Bearer ",
      "Bearer:#",
      "Bearer#",
      "BearerX #",
      "Bearer #, Bearer #",
      "Bearer x, #",
      "Bearer # #",
      'Bearer "#"',
      "DPoP #",
    ];
    for (const form of forms) {
      const access = { authorization: form.replaceAll("#", accessToken as string) };
      expect(outcome(await send(app.origin, "GET", "/me", access)), form).toBe("401-KEEP");
      expect(outcome(await send(app.origin, "GET", "/optional", access)), form).toBe("none");
      const refresh = await send(app.origin, "POST", REFRESH, {
        authorization: form.replaceAll("#", refreshToken as string),
      });
      expect([refresh.status, tokenEffect(refresh)], form).toEqual([401, CLEARED_ALL]);
    }
  });

  it("sent twice counts once: a second header cannot add a session to a first one that has none", async () => {
    const { accessToken } = await signedIn("header");
    const twice = await send(app.origin, "GET", "/me", {
      authorization: ["Basic dXNlcjpwdw==", `Bearer ${accessToken}`],
    });
    expect(outcome(twice)).toBe("401-KEEP");
  });
});

describe("cookies", () => {
  it("[wire I-6, I-7] sAccessToken is the access token, sRefreshToken the refresh token, and neither is the other", async () => {
    const client = await signedIn("cookie");
    const [access, refresh] = [client.cookies.get("sAccessToken"), client.cookies.get("sRefreshToken")];
    const get = (cookie: string) => send(app.origin, "GET", "/me", { cookie });
    const post = (cookie: string) => send(app.origin, "POST", REFRESH, { cookie });
    expect(outcome(await get(`sAccessToken=${access}`))).toBe("session");
    for (const cookie of [`sAccessToken=${refresh}`, `sRefreshToken=${access}`, `sRefreshToken=${refresh}`]) {
      expect(outcome(await get(cookie))).toBe("401-KEEP");
    }
    for (const cookie of [`sRefreshToken=${access}`, `sAccessToken=${access}`, `sAccessToken=${refresh}`]) {
      expect((await post(cookie)).status).toBe(401);
    }
    expect((await post(`sRefreshToken=${refresh}`)).status).toBe(200);
  });

  it("[wire I-9] those that the client's script writes are ignored, also when they hold our tokens", async () => {
    const client = await signedIn("header");
    const cookie = [
      "sFrontToken",
      "sAntiCsrf",
      "st-access-token",
      "st-last-access-token-update",
      "sIRTFrontend",
    ]
      .map((name) => `${name}=${client.accessToken}`)
      .concat(`st-refresh-token=${client.refreshToken}`)
      .join("; ");
    expect(outcome(await send(app.origin, "GET", "/me", { cookie }))).toBe("401-KEEP");
    expect(outcome(await send(app.origin, "GET", "/optional", { cookie }))).toBe("none");
    expect((await send(app.origin, "POST", REFRESH, { cookie })).status).toBe(401);
    const [name, value] = ["sAccessToken", client.accessToken];
    expect(outcome(await send(app.origin, "GET", "/me", { cookie: `${cookie}; ${name}=${value}` }))).toBe(
      "session",
    );
  });

  it("[wire I-6] [sec C-10] are percent-decoded, and a malformed one, ours or not, fails nothing", async () => {
    const client = await signedIn("cookie");
    const access = client.cookies.get("sAccessToken") as string;
    const encoded = [...access].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("");
    const get = (cookie: string | string[]) => send(app.origin, "GET", "/me", { cookie });
    for (const cookie of [
      `sAccessToken=${encoded}`,
      `sAccessToken="${access}"`,
      `bad=%E0%A4%A; sAccessToken=${access}`,
      `%zz=%; sAccessToken=${access}; =; ;;`,
      `sAccessToken=${access}; other=%c3%28`,
      ["a=1", `sAccessToken=${access}`],
    ]) {
      expect(outcome(await get(cookie))).toBe("session");
    }
    for (const value of ["%E0%A4%A", "%", "%zz", '"']) {
      expect(outcome(await get(`sAccessToken=${value}`))).toBe("401-KEEP");
    }
    expect(app.foreignErrors).toEqual([]);
  });
});

describe("other headers", () => {
  it("[wire I-1] rid: any value, even an empty one, is a custom header", async () => {
    const client = await signedIn("cookie", { antiCsrf: "VIA_CUSTOM_HEADER" });
    for (const rid of ["anti-csrf", "session", "anything", ""]) {
      expect(outcome(await client.copy().send("POST", "/me", { rid }))).toBe("session");
      expect((await client.copy().refresh({ rid })).status).toBe(200);
    }
    expect(outcome(await client.copy().send("POST", "/me", { rid: undefined }))).toBe("401-TRY");
    expect((await client.refresh({ rid: undefined })).status).toBe(401);
  });

  it("[wire I-3] st-auth-mode says something on creation only", async () => {
    const client = await signedIn("cookie");
    const headers = { "st-auth-mode": "header" };
    expect(outcome(await client.send("GET", "/me", headers))).toBe("session");
    expect(tokenEffect(await client.send("POST", "/merge", headers, '{"a":1}'))).toBe("gave sAccessToken");
    expect(tokenEffect(await client.refresh(headers))).toBe("gave sAccessToken sRefreshToken");
  });

  it("[wire I-4] anti-csrf is compared in mode VIA_TOKEN only, and never sent back as it came", async () => {
    const client = await signedIn("cookie");
    const response = await client.send("POST", "/me", { "anti-csrf": "stale" });
    expect([outcome(response), response.header("anti-csrf")]).toEqual(["session", undefined]);
    expect((await client.refresh({ "anti-csrf": "stale" })).header("anti-csrf")).toBeUndefined();
    await app.close();
    const strict = await signedIn("cookie", { antiCsrf: "VIA_TOKEN" });
    await strict.refresh();
    expect(
      (await strict.send("GET", "/me", { "anti-csrf": "injected" })).header("anti-csrf"),
    ).toBeUndefined();
    expect(outcome(await strict.send("POST", "/me", { "anti-csrf": "stale" }))).toBe("401-TRY");
    expect(outcome(await strict.send("POST", "/me"))).toBe("session");
  });
});
