import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import type { SessionError } from "../../src/errors/session-error.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

type Front = { uid: string; ate: number; up: Record<string, unknown> };

/** As the browser client decodes it: `atob`, then UTF-8, then JSON. Throws for base64url. */
function decode(frontToken: string | undefined): Front {
  const bytes = Uint8Array.from(atob(frontToken ?? ""), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}

const frontOf = (response: WireResponse): Front => decode(response.header("front-token"));
const accessOf = (response: WireResponse) =>
  response.cookie("sAccessToken")?.value ?? (response.header("st-access-token") as string);

async function signIn(
  body: object = {},
  mode: "cookie" | "header" = "cookie",
): Promise<[WireClient, WireResponse]> {
  const client = app.client(mode);
  return [client, await client.send("POST", "/login", {}, JSON.stringify(body))];
}

describe("its content", () => {
  it("[wire F-2, F-3, F-4] is the user id, the expiry in milliseconds, and the whole decoded payload", async () => {
    app = await startApp();
    const [client, login] = await signIn({
      userId: "user-7",
      payload: { role: "admin", nothing: { is: null } },
    });
    for (const response of [login, await client.refresh(), await client.send("GET", "/me")]) {
      const { payload } = decodeToken(accessOf(response));
      const front = frontOf(response);
      expect(Object.keys(front)).toEqual(["uid", "ate", "up"]);
      expect(front).toEqual({ uid: "user-7", ate: (payload.exp as number) * 1000, up: payload });
      expect(front.ate).toBe(app.clock.wallMs() + 900_000);
      expect(front.up).toMatchObject({ role: "admin", nothing: { is: null } });
    }
  });

  it("[wire F-5] has exactly ten keys for a plain login, nulls among them", async () => {
    app = await startApp();
    const [client, login] = await signIn();
    const keys =
      "sub rsub tId iat exp sessionHandle refreshTokenHash1 parentRefreshTokenHash1 antiCsrfToken iss";
    expect(Object.keys(frontOf(login).up).join(" ")).toBe(keys);
    expect(frontOf(login).up).toMatchObject({
      parentRefreshTokenHash1: null,
      antiCsrfToken: null,
      tId: "public",
    });
    for (const response of [await client.refresh(), await client.send("GET", "/me")]) {
      expect(Object.keys(frontOf(response).up).join(" ")).toBe(keys);
    }
  });

  it("[wire F-6] says when the token was minted, at every kind of minting", async () => {
    app = await startApp();
    const [client, login] = await signIn();
    const nowSeconds = () => app.clock.wallMs() / 1000;
    expect(frontOf(login).up.iat).toBe(nowSeconds());
    const steps: [string, () => Promise<WireResponse>][] = [
      ["refresh", () => client.refresh()],
      ["promotion", () => client.send("GET", "/me")],
      ["merge", () => client.send("POST", "/merge", {}, `{"at":${nowSeconds()}}`)],
    ];
    for (const [step, run] of steps) {
      app.clock.advanceSeconds(300);
      expect(frontOf(await run()).up.iat, step).toBe(nowSeconds());
    }
    app.clock.advanceSeconds(300);
    await app.session.mergeIntoAccessTokenPayload(client.front.up.sessionHandle as string, { more: 1 });
    expect(frontOf(await client.send("GET", "/checked")).up).toMatchObject({ iat: nowSeconds(), more: 1 });
  });

  it("[wire F-10] keeps the order of its keys, since the client compares the payload as text", async () => {
    app = await startApp();
    const [client, login] = await signIn({ payload: { z: 1, a: { y: 1, b: 2 }, m: [1] } });
    const order = ({ up }: Front) =>
      JSON.stringify(up, (_key, value: unknown) => (typeof value === "object" ? value : 0));
    const first = order(frontOf(login));
    const responses = [
      await client.refresh(),
      await client.send("GET", "/me"),
      await client.send("POST", "/merge", {}, '{"z":2}'),
      await client.refresh(),
    ];
    // A parent hash is null in some tokens and text in others: both count as 0 here.
    const expected = first.replace(
      '"parentRefreshTokenHash1":null,"antiCsrfToken":null',
      '"parentRefreshTokenHash1":0,"antiCsrfToken":0',
    );
    for (const response of responses) {
      expect(order(frontOf(response)).replaceAll(":null", ":0")).toBe(expected.replaceAll(":null", ":0"));
    }
  });
});

describe("its encoding [wire F-1] [sec C-15]", () => {
  it("is standard base64 with padding, also for bytes that give + and /", async () => {
    app = await startApp();
    let seen = "";
    for (const text of ["~~~", "???", ">>>", "ÿÿÿ", "~~~~", "?????"]) {
      const [, login] = await signIn({ payload: { text } }, "header");
      const value = login.header("front-token") as string;
      expect(value).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
      expect(value.length % 4).toBe(0);
      expect(decode(value).up.text).toBe(text);
      seen += value;
    }
    expect(seen).toMatch(/\+/);
    expect(seen).toMatch(/\//);
    expect(seen).toMatch(/=/);
  });

  it("brings every payload to the client as it is: emoji, controls, lone surrogates, nesting", async () => {
    app = await startApp();
    const value = fc
      .jsonValue({ maxDepth: 2, stringUnit: "binary" })
      .filter((json) => !JSON.stringify(json).includes("__proto__"));
    await fc.assert(
      fc.asyncProperty(
        fc.record({ first: value, second: fc.string({ unit: "grapheme", maxLength: 40 }) }),
        async (payload) => {
          if (JSON.stringify(payload).length > 800) return;
          const [, login] = await signIn({ payload }, "header");
          if (login.status !== 200) return;
          const { up } = frontOf(login);
          const plain = JSON.parse(JSON.stringify(payload)) as typeof payload;
          expect({ first: up.first, second: up.second }).toEqual({
            first: plain.first ?? null,
            second: plain.second,
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("when it is sent", () => {
  it("[wire F-7, F-8] says `remove` at every end, a token at every new access token, and nothing in between", async () => {
    const never = { id: "never", validate: () => ({ isValid: false as const }) };
    app = await startApp(
      { accessTokenValiditySeconds: 600 },
      {
        "GET /never": (req, res, session) =>
          session.getSession(req, res, { overrideGlobalClaimValidators: () => [never] }),
        "GET /app-says-no": async (_req, _res, session) => {
          throw new session.Error({ type: "UNAUTHORISED", message: "no" });
        },
        "GET /app-says-no-softly": async (_req, _res, session) => {
          throw new session.Error({ type: "UNAUTHORISED", message: "no", payload: { clearTokens: false } });
        },
      },
    );
    const kind = (response: WireResponse) => {
      const value = response.header("front-token");
      return value === undefined ? "none" : value === "remove" ? "remove" : "token";
    };
    const [client, create] = await signIn();
    const thief = client.copy();
    const seen: Record<string, string> = { create: kind(create) };
    seen.refresh = kind(await client.refresh());
    seen.promotion = kind(await client.send("GET", "/me"));
    seen.verification = kind(await client.send("GET", "/me"));
    seen.merge = kind(await client.send("POST", "/merge", {}, '{"a":1}'));
    await app.session.mergeIntoAccessTokenPayload(client.front.up.sessionHandle as string, { b: 1 });
    seen.payloadSync = kind(await client.send("GET", "/checked"));
    seen.invalidClaims = kind(await client.send("GET", "/never"));
    seen.unauthorisedKeeping = kind(await client.copy().send("GET", "/app-says-no-softly"));
    seen.unauthorisedClearing = kind(await client.copy().send("GET", "/app-says-no"));
    app.clock.advanceSeconds(300);
    seen.tryRefresh = kind(await client.send("GET", "/me"));
    seen.theft = kind(await thief.refresh());
    seen.refreshOfTheDead = kind(await client.refresh());
    const [other] = await signIn();
    seen.signOut = kind(await other.copy().send("POST", "/auth/signout"));
    const [another] = await signIn();
    seen.revokeSession = kind(await another.send("POST", "/logout"));
    expect(seen).toEqual({
      create: "token",
      refresh: "token",
      promotion: "token",
      verification: "none",
      merge: "token",
      payloadSync: "token",
      invalidClaims: "none",
      unauthorisedKeeping: "none",
      unauthorisedClearing: "remove",
      tryRefresh: "none",
      theft: "remove",
      refreshOfTheDead: "remove",
      signOut: "remove",
      revokeSession: "remove",
    });
  });
});

describe("its size [wire F-9] [sec C-04]", () => {
  const LIMIT = 4096;

  /** name=value of what the browser will keep, and the whole Set-Cookie lines some front ends count. */
  function sizes(response: WireResponse): number[] {
    const front = response.header("front-token");
    return [
      ...response.setCookies.map(({ line }) => Buffer.byteLength(line)),
      ...(front === undefined ? [] : [`sFrontToken=${front}`.length]),
      ...["st-access-token", "st-refresh-token"].map(
        (name) => `${name}=${response.header(name) ?? ""}`.length,
      ),
    ];
  }

  async function tooLarge(
    payload: object,
    mode: "cookie" | "header",
  ): Promise<SessionError<"PAYLOAD_TOO_LARGE"> | undefined> {
    const before = app.store.writes.length;
    const [, login] = await signIn({ payload }, mode);
    if (login.status === 200) return undefined;
    expect(login.status).toBe(500);
    expect(app.store.writes.length, "no row").toBe(before);
    expect(login.setCookies.length + login.all("front-token").length).toBe(0);
    return app.foreignErrors.pop() as SessionError<"PAYLOAD_TOO_LARGE">;
  }

  const CASES: [string, SessionOptions, "cookie" | "header", string][] = [
    ["a cookie session", {}, "cookie", "x"],
    [
      "anti-csrf tokens, a domain, Strict",
      { antiCsrf: "VIA_TOKEN", cookieDomain: ".example.com", cookieSameSite: "strict" },
      "cookie",
      "x",
    ],
    ["a long name", { getCookieNameForTokenType: (_req, type) => type.padEnd(64, "x") }, "cookie", "x"],
    ["RS256", { signingAlgorithm: "RS256" }, "cookie", "x"],
    ["characters of several bytes", {}, "cookie", "é😀"],
    ["a header session", {}, "header", "x"],
  ];
  it.each(CASES)(
    "%s: the largest payload that is taken fits at every step of its life, the next one is refused before anything is stored",
    async (_, options, mode, unit) => {
      app = await startApp(options);
      const payloadOf = (length: number) => ({ small: 1, big: unit.repeat(length), medium: "y".repeat(20) });
      let low = 1;
      let high = LIMIT;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if ((await tooLarge(payloadOf(middle), mode)) === undefined) low = middle;
        else high = middle;
      }
      const error = await tooLarge(payloadOf(high), mode);
      expect(error?.type).toBe("PAYLOAD_TOO_LARGE");
      expect(error?.payload).toMatchObject({ limitBytes: LIMIT, largestClaims: ["big", "iss", "medium"] });
      expect(error?.payload.sizeBytes).toBeGreaterThan(LIMIT);
      expect(error?.payload.sizeBytes).toBeLessThanOrEqual(LIMIT + 16);
      expect(error?.message).toMatch(/4096.*big, iss, medium/);
      const [client, login] = await signIn({ payload: payloadOf(low) }, mode);
      const life = [
        login,
        await client.refresh(),
        await client.send("GET", "/me"),
        await client.send("POST", "/merge", {}, '{"small":2}'),
        await client.refresh(),
      ];
      const largest = Math.max(...life.flatMap(sizes));
      expect(largest).toBeLessThanOrEqual(LIMIT);
      // The measure is close to the truth. A header session is measured as if its tokens came back in cookies (T-18).
      expect(largest).toBeGreaterThan(LIMIT - (mode === "cookie" ? 40 : 120));
      await client.send("GET", "/me");
      const grown = await client.send("POST", "/merge", {}, JSON.stringify({ big: unit.repeat(high) }));
      expect(grown.status).toBe(500);
      expect(grown.header("front-token") === undefined, "nothing was handed out").toBe(true);
    },
  );

  it("warns above 3.5 kB, with the biggest claims and without their values", async () => {
    const warnings: string[] = [];
    app = await startApp({ logger: { ...silentLogger, warn: (text) => warnings.push(text) } });
    await signIn({ payload: { text: "x".repeat(1500) } });
    expect(warnings).toEqual([]);
    await signIn({ payload: { text: "x".repeat(2300) } });
    expect(warnings).toEqual([expect.stringMatching(/cookie of 3[5-9]\d\d bytes.*text/)]);
    expect(warnings[0]).not.toContain("xxx");
    expect(app.events.filter(({ type }) => type === "token_large")).toHaveLength(1);
  });

  it("is told to a caller without a request too", async () => {
    app = await startApp();
    const made = app.session.createNewSessionWithoutRequestResponse("user-1", { text: "x".repeat(4000) });
    await expect(made).rejects.toMatchObject({ type: "PAYLOAD_TOO_LARGE", status: 500 });
    expect(app.store.writes).toEqual([]);
    expect((await send(app.origin, "GET", "/me")).status).toBe(401);
  });
});
