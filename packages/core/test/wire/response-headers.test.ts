import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { outcome, tokenEffect } from "../support/outcome.js";
import { send, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";
const OURS = ["front-token", "anti-csrf", "st-access-token", "st-refresh-token"];
const exposed = (response: WireResponse) => response.header("access-control-expose-headers");

/** Every kind of response that hands out or removes tokens, in one life of a session. */
async function lifeOf(
  mode: "cookie" | "header",
  options: SessionOptions,
): Promise<Record<string, WireResponse>> {
  app = await startApp(options);
  const client = app.client(mode);
  const create = await client.send("POST", "/login");
  const refresh = await client.refresh();
  const promotion = await client.send("GET", "/me");
  const verified = await client.send("GET", "/me");
  const merge = await client.send("POST", "/merge", {}, '{"a":1}');
  const signOut = await client.send("POST", "/auth/signout");
  const dead = await client.refresh();
  return { create, refresh, promotion, verified, merge, signOut, dead };
}

describe("headers of a cookie session with anti-csrf tokens", () => {
  it("[wire O-1, O-2, O-6, O-7, O-8, F-8] are exactly these, exposed in the order they are set", async () => {
    const life = await lifeOf("cookie", { antiCsrf: "VIA_TOKEN" });
    const seen = Object.fromEntries(
      Object.entries(life).map(([step, response]) => [
        step,
        `${OURS.filter((name) => response.header(name) !== undefined).join(" ")} | ${exposed(response) ?? ""}`,
      ]),
    );
    expect(seen).toEqual({
      create: "front-token anti-csrf | front-token, anti-csrf",
      refresh: "front-token anti-csrf | front-token, anti-csrf",
      promotion: "front-token | front-token",
      verified: " | ",
      merge: "front-token | front-token",
      signOut: "front-token | front-token",
      dead: "front-token st-access-token st-refresh-token | front-token, st-access-token, st-refresh-token",
    });
    expect(life.refresh?.header("anti-csrf")).not.toBe(life.create?.header("anti-csrf"));
    expect(tokenEffect(life.verified as WireResponse)).toBe("untouched");
  });
});

describe("headers of a header session", () => {
  it("[wire O-3, O-4, O-6, O-7, O-8, F-8] are exactly these, and no cookie with them", async () => {
    const life = await lifeOf("header", { antiCsrf: "VIA_TOKEN" });
    const seen = Object.fromEntries(
      Object.entries(life).map(([step, response]) => [step, exposed(response)]),
    );
    const all = "front-token, st-access-token, st-refresh-token";
    expect(seen).toEqual({
      create: all,
      refresh: all,
      promotion: "front-token, st-access-token",
      verified: undefined,
      merge: "front-token, st-access-token",
      // Clearing writes the token headers first.
      signOut: "st-access-token, st-refresh-token, front-token",
      dead: all,
    });
    for (const [step, response] of Object.entries(life)) {
      expect(response.header("anti-csrf"), step).toBeUndefined();
      if (step !== "dead") expect(response.setCookies, step).toEqual([]);
    }
    expect([life.signOut?.header("st-access-token"), life.signOut?.header("st-refresh-token")]).toEqual([
      "",
      "",
    ]);
  });
});

describe("exposing the access token of a cookie session", () => {
  it("[wire O-3] adds st-access-token wherever the cookie is set, never the refresh token, and is off by default [sec C-13]", async () => {
    const { create, refresh, promotion, merge } = await lifeOf("cookie", {
      exposeAccessTokenToFrontendInCookieBasedAuth: true,
    });
    for (const response of [create, refresh, promotion, merge] as WireResponse[]) {
      expect(response.header("st-access-token")).toBe(response.cookie("sAccessToken")?.value);
      expect(response.header("st-refresh-token")).toBeUndefined();
      expect(exposed(response)).toBe("front-token, st-access-token");
    }
    await app.close();
    const plain = await lifeOf("cookie", {});
    for (const response of [plain.create, plain.refresh, plain.promotion, plain.merge] as WireResponse[]) {
      expect(response.header("st-access-token")).toBeUndefined();
    }
  });

  it("[wire O-3, O-4] uses the names of the application, where it has its own", async () => {
    const { create } = await lifeOf("header", {
      getResponseHeaderNameForTokenType: (_req, type) => `x-${type}`,
    });
    expect(exposed(create as WireResponse)).toBe("front-token, x-access, x-refresh");
    expect(create?.header("x-refresh")).toMatch(/^1\./);
  });
});

describe("beside what the application sets", () => {
  const loginWith = async (name: string, value: string) => {
    app = await startApp(
      {},
      {
        "POST /login": async (req, res, session) => {
          res.setHeader(name, value);
          await session.createNewSession(req, res, "user-1");
        },
      },
    );
    return send(app.origin, "POST", "/login", { "st-auth-mode": "header" });
  };

  it.each([
    ["x-total", "x-total, front-token, st-access-token, st-refresh-token"],
    ["Front-Token, x-front-token", "Front-Token, x-front-token, st-access-token, st-refresh-token"],
    ["*", "*, front-token, st-access-token, st-refresh-token"],
  ])(
    "[wire O-6, X-3] [sec C-14] Access-Control-Expose-Headers %j is kept and extended by exact names",
    async (value, expected) => {
      expect(exposed(await loginWith("Access-Control-Expose-Headers", value))).toBe(expected);
    },
  );

  it.each([
    [undefined, "private, no-store"],
    ["no-store", "no-store"],
    ["no-store, max-age=0", "no-store, max-age=0"],
    ["public, max-age=60", "private, no-store"],
    ["private", "private, no-store"],
  ])(
    "[wire O-10] [sec C-08] Cache-Control %j becomes %j: a stricter value stays, and no other",
    async (value, expected) => {
      const response = await loginWith("Cache-Control", value ?? "no-store");
      if (value !== undefined) expect(response.header("cache-control")).toBe(expected);
      else {
        await app.close();
        app = await startApp();
        expect((await send(app.origin, "POST", "/login")).header("cache-control")).toBe(expected);
      }
    },
  );

  it("[sec C-08] Vary is the application's own affair", async () => {
    expect((await loginWith("Vary", "Accept-Encoding")).header("vary")).toBe("Accept-Encoding");
  });
});

describe("caching", () => {
  it("[wire O-10] [sec C-08] is forbidden on every response that sets, clears or exposes a token, and on no other", async () => {
    for (const mode of ["cookie", "header"] as const) {
      const { verified, ...others } = await lifeOf(mode, {});
      expect(verified?.header("cache-control")).toBeUndefined();
      for (const [step, response] of Object.entries(others)) {
        expect(response.header("cache-control"), step).toBe("private, no-store");
      }
      await app.close();
    }
    app = await startApp();
    expect((await send(app.origin, "GET", "/me")).header("cache-control")).toBeUndefined();
  });
});

describe("rewriting within one response", () => {
  it("[wire O-9, O-2, C-12] create, then UNAUTHORISED: what was written is taken back, the anti-csrf token with it", async () => {
    app = await startApp(
      { antiCsrf: "VIA_TOKEN" },
      {
        "POST /regret": async (req, res, session) => {
          await session.createNewSession(req, res, "user-1");
          throw new session.Error({ type: "UNAUTHORISED", message: "no", payload: { clearTokens: true } });
        },
      },
    );
    for (const mode of ["cookie", "header"] as const) {
      const response = await app.client(mode).send("POST", "/regret");
      expect(outcome(response)).toBe("401-CLEAR");
      expect(response.header("anti-csrf")).toBeUndefined();
      expect(response.all("front-token")).toEqual(["remove"]);
    }
  });

  it("[wire O-7, O-9] several writers leave one front-token, the last one's", async () => {
    app = await startApp(
      {},
      {
        "POST /busy": async (req, res, session) => {
          const created = await session.createNewSession(req, res, "user-1");
          await created.mergeIntoAccessTokenPayload({ n: 1 });
          await created.mergeIntoAccessTokenPayload({ n: 2 });
        },
      },
    );
    const client = app.client("header");
    const response = await client.send("POST", "/busy");
    expect(response.all("front-token")).toHaveLength(1);
    expect(client.front.up).toMatchObject({ n: 2 });
    expect(exposed(response)).toBe("front-token, st-access-token, st-refresh-token");
  });
});

describe("size", () => {
  it("[sec C-05] with an empty payload all our headers fit into 2 800 bytes, so that a 4 KB proxy buffer is safe", async () => {
    for (const options of [
      { antiCsrf: "VIA_TOKEN" },
      {
        appInfo: { ...APP_INFO, apiDomain: "https://api.some-long-name.example.com" },
        cookieDomain: ".some-long-name.example.com",
        cookieSameSite: "strict",
        antiCsrf: "VIA_TOKEN",
      },
    ] as const) {
      for (const mode of ["cookie", "header"] as const) {
        const life = await lifeOf(mode, options);
        for (const [step, response] of Object.entries(life)) {
          const bytes = response.lines
            .filter(
              ([name]) => !/^(date|connection|keep-alive|transfer-encoding|content-length)$/i.test(name),
            )
            .reduce((sum, [name, value]) => sum + name.length + value.length + ": \r\n".length, 0);
          expect(bytes, `${mode} ${step}`).toBeLessThanOrEqual(2800);
        }
        await app.close();
      }
    }
    app = await startApp();
  });
});

describe("CORS", () => {
  it("[wire X-1, X-4] tells which request headers to allow and which response headers to expose, in this order", async () => {
    app = await startApp();
    expect(app.session.getAllCORSHeaders()).toEqual([
      "rid",
      "fdi-version",
      "anti-csrf",
      "authorization",
      "st-auth-mode",
    ]);
    expect(app.session.getAllExposedHeaders()).toEqual([
      "front-token",
      "anti-csrf",
      "st-access-token",
      "st-refresh-token",
    ]);
    app.session.getAllCORSHeaders().push("changed");
    expect(app.session.getAllCORSHeaders()).toHaveLength(5);
  });

  it("[wire X-2] never says which origin may ask, or that credentials are allowed: that is the application's CORS layer", async () => {
    const life = await lifeOf("cookie", {});
    const foreign = await send(app.origin, "POST", REFRESH, { origin: "https://evil.test" });
    for (const response of [...Object.values(life), foreign]) {
      expect(response.header("access-control-allow-origin")).toBeUndefined();
      expect(response.header("access-control-allow-credentials")).toBeUndefined();
    }
  });
});
