import { afterEach, describe, expect, it } from "vitest";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

/** API and website have different hosts, so `SameSite` depends on the public suffix list, which is loaded when it is needed. */
const OTHER_HOST = {
  appInfo: {
    appName: "test",
    apiDomain: "https://api.example.com",
    websiteDomain: "https://www.example.com",
  },
};
const OTHER_DOMAIN = { ...OTHER_HOST, olderCookieDomain: "example.com" };
const OWN_NAMES = {
  ...OTHER_HOST,
  getCookieNameForTokenType: (_req: unknown, type: "access" | "refresh") => `own-${type}`,
  getResponseHeaderNameForTokenType: (_req: unknown, type: "access" | "refresh") => `own-${type}`,
};

let running: TestApp[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
  running = [];
});

const attach: Handler = async (req, res, session) => {
  const made = await session.createNewSessionWithoutRequestResponse("user-2");
  await made.attachToRequestResponse({ req, res, transferMethod: "cookie" });
  return { userId: (await session.getSession(req, res)).getUserId() };
};

const changeBehindGet: Handler = async (req, res, session) => {
  await (await session.getSession(req, res)).mergeIntoAccessTokenPayload({ a: 1 });
};
const refuse: Handler = async (_req, _res, session) => {
  throw new session.Error({ type: "UNAUTHORISED", message: "the application says so" });
};
const ROUTES = { "POST /attach": attach, "GET /change": changeBehindGet, "GET /refused": refuse };

type Ask = (client: WireClient, app: TestApp) => Promise<WireResponse>;
const cookieOf = (client: WireClient): { cookie: string } => ({
  cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
});

/** What may be the first thing that a process is asked. */
const FIRST: Record<string, [status: number, ask: Ask]> = {
  "a guarded GET": [200, (client) => client.send("GET", "/me", cookieOf(client))],
  "a guarded POST": [200, (client) => client.send("POST", "/me", cookieOf(client))],
  "a guarded GET without a session": [401, (_, app) => app.client().send("GET", "/me")],
  "an optional session": [200, (client) => client.send("GET", "/optional", cookieOf(client))],
  "a look at the row": [200, (client) => client.send("GET", "/checked", cookieOf(client))],
  "two cookies of one name": [
    200,
    (client) => {
      const { cookie } = cookieOf(client);
      return client.send("GET", "/me", { cookie: `${cookie}; own-access=x; sAccessToken=x` });
    },
  ],
  "access tokens of two sessions": [
    401,
    async (client, app) => {
      const other = (running[0] as TestApp).client();
      await other.send("POST", "/login");
      const cookie = `${cookieOf(client).cookie}; ${cookieOf(other).cookie}`;
      return app.client().send("GET", "/me", { cookie });
    },
  ],
  "two access tokens of one session": [
    200,
    async (client, app) => {
      const here = client.copy();
      await here.send("POST", "/merge", cookieOf(here), '{"a":1}');
      const cookie = `${cookieOf(client).cookie}; ${cookieOf(here).cookie}`;
      return app.client().send("GET", "/me", { cookie });
    },
  ],
  "a change": [200, (client) => client.send("POST", "/merge", cookieOf(client), '{"a":1}')],
  "a change behind a GET": [200, (client) => client.send("GET", "/change", cookieOf(client))],
  "the first use of a token that was refreshed": [
    200,
    async (client, app) => {
      const here = Object.assign(client.copy(), { origin: running[0]?.origin });
      await here.refresh(cookieOf(client));
      return here.copy(app.origin).send("GET", "/me", cookieOf(here));
    },
  ],
  "an error of the application's that signs out": [
    401,
    (client) => client.send("GET", "/refused", cookieOf(client)),
  ],
  "a login": [200, (client) => client.send("POST", "/login", cookieOf(client))],
  "a refresh": [200, (client) => client.send("POST", "/auth/session/refresh", cookieOf(client))],
  "a refresh from elsewhere": [
    403,
    (client) =>
      client.send("POST", "/auth/session/refresh", { ...cookieOf(client), origin: "https://evil.org" }),
  ],
  "a sign-out": [200, (client) => client.send("POST", "/auth/signout", cookieOf(client))],
  "an attached session": [200, (_, app) => app.client().send("POST", "/attach")],
};

describe("the first request after a restart, with API and website on different hosts", () => {
  for (const [names, options] of [
    ["names of ours", OTHER_HOST],
    ["names of the application's own", OWN_NAMES],
    ["an older domain", OTHER_DOMAIN],
  ] as const) {
    it.each(Object.entries(FIRST))(`%s is answered, with ${names}`, async (_, [status, ask]) => {
      const before = await startApp(options, ROUTES);
      running.push(before);
      const client = before.client();
      await client.send("POST", "/login");
      const after = await before.sibling();
      running.push(after);
      const twin = after.client();
      twin.cookies = client.cookies;
      const response = await ask(twin, after);
      expect([response.status, after.foreignErrors]).toEqual([status, []]);
    });
  }
});
