import { afterEach, describe, expect, it } from "vitest";
import { decodeToken } from "../support/forge-token.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { send, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const CLEARED_COOKIES = [
  "sAccessToken=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
  "sRefreshToken=; Path=/auth/session/refresh; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
];

/** The lines that concern sessions, as they went over the socket; what is random is replaced by its name. */
function transcript(response: WireResponse): string[] {
  const names = /^(front-token|anti-csrf|st-.*|set-cookie|access-control-.*)$/i;
  const days = (date: string) => (Date.parse(date) - app.clock.wallMs()) / 86_400_000;
  return response.lines
    .filter(([name]) => names.test(name))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    .map((line) =>
      line
        .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/, "<jwt>")
        .replace(/\b1(?:\.[\w-]+){7}/, "<rt>")
        .replace(/^front-token: eyJ[\w+/=]+$/, "front-token: <front>")
        .replace(/^anti-csrf: [\w-]{20,}$/, "anti-csrf: <token>")
        .replace(
          /Expires=(\w{3}, \d\d \w{3} 2\d{3} [\d:]{8} GMT)/,
          (_, date: string) => `Expires=<+${days(date)}d>`,
        ),
    )
    .sort();
}

const sorted = (...lines: string[]) => lines.sort();
const SET_COOKIES = [
  "set-cookie: sAccessToken=<jwt>; Path=/; Expires=<+365d>; HttpOnly; Secure; SameSite=Lax",
  "set-cookie: sRefreshToken=<rt>; Path=/auth/session/refresh; Expires=<+100d>; HttpOnly; Secure; SameSite=Lax",
];
const D1 = sorted(
  "front-token: <front>",
  "anti-csrf: <token>",
  "access-control-expose-headers: front-token, anti-csrf",
  ...SET_COOKIES,
);
const D6 = sorted(
  "front-token: remove",
  "st-access-token: ",
  "st-refresh-token: ",
  "access-control-expose-headers: front-token, st-access-token, st-refresh-token",
  ...CLEARED_COOKIES.map((line) => `set-cookie: ${line}`),
);

describe("transcripts of Appendix D, byte for byte", () => {
  it("D1, D4, D5: create, refresh, the next request and the one after it [wire O-1…O-8, C-9, R-11, G-14]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const client = app.client();
    const create = await client.send("POST", "/login");
    expect([create.status, transcript(create)]).toEqual([200, D1]);
    const refresh = await client.refresh();
    expect([refresh.status, refresh.body, transcript(refresh)]).toEqual([200, "{}", D1]);
    const next = await client.send("GET", "/me");
    expect([next.status, transcript(next)]).toEqual([
      200,
      sorted("front-token: <front>", "access-control-expose-headers: front-token", SET_COOKIES[0] as string),
    ]);
    const after = await client.send("GET", "/me");
    expect([after.status, transcript(after)]).toEqual([200, []]);
  });

  it("D2: create without st-auth-mode, where tokens travel in headers by option [wire T-5, O-8]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN", tokenTransfer: "header" });
    expect(transcript(await send(app.origin, "POST", "/login"))).toEqual(
      sorted(
        "front-token: <front>",
        "st-access-token: <jwt>",
        "st-refresh-token: <rt>",
        "access-control-expose-headers: front-token, st-access-token, st-refresh-token",
      ),
    );
  });

  it("D3: create by cookie while the request has a Bearer value [wire C-8, K-11]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const response = await send(app.origin, "POST", "/login", {
      "st-auth-mode": "cookie",
      authorization: "Bearer x",
    });
    expect(transcript(response)).toEqual(
      sorted(
        "front-token: <front>",
        "anti-csrf: <token>",
        "st-access-token: ",
        "st-refresh-token: ",
        "access-control-expose-headers: st-access-token, st-refresh-token, front-token, anti-csrf",
        ...SET_COOKIES,
      ),
    );
  });

  it("D6: refresh without a token, with a bad one, with a wrong anti-csrf token, and with a stolen one [wire R-2, R-4, R-5a, R-10]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const client = app.client();
    await client.send("POST", "/login");
    const thief = client.copy();
    const answers = [
      await send(app.origin, "POST", "/auth/session/refresh"),
      await client.copy().refresh({ cookie: "sRefreshToken=bad" }),
      await client.copy().refresh({ "anti-csrf": "wrong" }),
    ];
    await client.refresh();
    await client.send("GET", "/me");
    app.clock.advanceSeconds(31);
    for (const response of answers)
      expect([response.status, response.body]).toEqual([401, '{"message":"unauthorised"}']);
    const theft = await thief.refresh();
    expect([theft.status, theft.body]).toEqual([401, '{"message":"token theft detected"}']);
    for (const response of [...answers, theft]) expect(transcript(response)).toEqual(D6);
  });

  it("D7: sign-out of a cookie session [wire P-2, K-9]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const client = app.client();
    await client.send("POST", "/login");
    const response = await client.send("POST", "/auth/signout");
    expect([response.status, response.body]).toEqual([200, '{"status":"OK"}']);
    expect(transcript(response)).toEqual(
      sorted(
        "front-token: remove",
        "access-control-expose-headers: front-token",
        ...CLEARED_COOKIES.map((line) => `set-cookie: ${line}`),
      ),
    );
  });

  it("D8: sign-out of a header session [wire P-2, K-9]", async () => {
    app = await startApp();
    const client = app.client("header");
    await client.send("POST", "/login");
    const response = await client.send("POST", "/auth/signout");
    expect([response.status, response.body]).toEqual([200, '{"status":"OK"}']);
    expect(transcript(response)).toEqual(
      sorted(
        "front-token: remove",
        "st-access-token: ",
        "st-refresh-token: ",
        "access-control-expose-headers: st-access-token, st-refresh-token, front-token",
      ),
    );
  });

  it("D9, D10: no token, and an expired one [wire K-5, K-6, J-1, J-9]", async () => {
    app = await startApp({ accessTokenValiditySeconds: 60 });
    const none = await send(app.origin, "GET", "/me");
    expect([none.status, none.body, transcript(none)]).toEqual([401, '{"message":"unauthorised"}', []]);
    const client = app.client();
    await client.send("POST", "/login");
    app.clock.advanceSeconds(60);
    const expired = await client.send("GET", "/me");
    expect([expired.status, expired.body, transcript(expired)]).toEqual([
      401,
      '{"message":"try refresh token"}',
      [],
    ]);
  });

  it("D11: merge in a cookie session that exposes its access token [wire M-4, M-5, O-3]", async () => {
    app = await startApp({ exposeAccessTokenToFrontendInCookieBasedAuth: true });
    const client = app.client();
    const login = await client.send("POST", "/login");
    app.clock.advanceSeconds(60);
    const response = await client.send("POST", "/merge", {}, '{"a":1}');
    expect([response.status, transcript(response)]).toEqual([
      200,
      sorted(
        "front-token: <front>",
        "st-access-token: <jwt>",
        "access-control-expose-headers: front-token, st-access-token",
        SET_COOKIES[0] as string,
      ),
    ]);
    const before = decodeToken(login.header("st-access-token") as string).payload;
    const after = decodeToken(response.header("st-access-token") as string).payload;
    expect(response.header("st-access-token")).toBe(response.cookie("sAccessToken")?.value);
    expect(after).toEqual({ ...before, iat: (before.iat as number) + 60, a: 1 });
  });

  it("D12: what the client sends to refresh in header mode is understood as it stands [wire I-1…I-5, T-17]", async () => {
    app = await startApp({ appInfo: { ...APP_INFO, websiteDomain: "https://other.org" } });
    const client = app.client("header");
    await client.send("POST", "/login");
    const response = await send(app.origin, "POST", "/auth/session/refresh", {
      authorization: `Bearer ${client.refreshToken}`,
      rid: "session",
      "st-auth-mode": "header",
      "fdi-version": "1.16,1.17,1.18,1.19,2.0,3.0,3.1,4.0,4.1,4.2",
      origin: "https://other.org",
      "content-length": "0",
    });
    expect([response.status, response.body]).toEqual([200, "{}"]);
    expect(transcript(response).map((line) => line.split(":", 1)[0])).toEqual([
      "access-control-expose-headers",
      "front-token",
      "st-access-token",
      "st-refresh-token",
    ]);
  });
});
