import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenTransferPolicy } from "../../src/extract/token-transfer.js";
import { foreignKey, resign, signToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";
const POLICIES = ["any", "header", "cookie"] as const;

/** An application that lets the client choose on creation and has a policy of its own afterwards. */
async function startWithPolicy(policy: TokenTransferPolicy): Promise<void> {
  app = await startApp({
    getTokenTransferMethod: ({ forCreateNewSession }) => (forCreateNewSession ? "any" : policy),
  });
}

/** Tokens of a new session; where they travel is the test's affair (T-18). */
async function tokensOf(userId: string): Promise<{ access: string; refresh: string }> {
  const client = app.client("header");
  await client.send("POST", "/login", {}, JSON.stringify({ userId }));
  return { access: client.accessToken as string, refresh: client.refreshToken as string };
}

describe("choosing on creation", () => {
  const cases: [string, TokenTransferPolicy, string | undefined, "cookie" | "header"][] = [
    ["T-1", "cookie", undefined, "cookie"],
    ["T-1", "cookie", "header", "cookie"],
    ["T-1", "cookie", "cookie", "cookie"],
    ["T-2", "header", undefined, "header"],
    ["T-2", "header", "cookie", "header"],
    ["T-3", "any", "cookie", "cookie"],
    ["T-3", "any", "COOKIE", "cookie"],
    ["T-4", "any", "header", "header"],
    ["T-4", "any", "Header", "header"],
    ["T-5", "any", undefined, "cookie"],
    ["T-5", "any", "", "header"],
    ["T-5", "any", "bearer", "header"],
  ];
  it.each(cases)("[wire %s, I-3] policy %s and st-auth-mode %s: %s", async (_, policy, mode, expected) => {
    app = await startApp({ getTokenTransferMethod: () => policy });
    const response = await send(app.origin, "POST", "/login", { "st-auth-mode": mode });
    expect(tokenEffect(response)).toBe(
      expected === "cookie" ? "gave sAccessToken sRefreshToken" : "gave st-access-token st-refresh-token",
    );
  });

  it.each([
    ["T-1", "cookie", "header", "gave sAccessToken sRefreshToken"],
    ["T-2", "header", "cookie", "gave st-access-token st-refresh-token"],
    ["T-3", "auto", "cookie", "gave sAccessToken sRefreshToken"],
    ["T-5", "auto", undefined, "gave sAccessToken sRefreshToken"],
    ["T-5", undefined, undefined, "gave sAccessToken sRefreshToken"],
    ["T-5", undefined, "bearer", "gave st-access-token st-refresh-token"],
    ["T-5", "header", undefined, "gave st-access-token st-refresh-token"],
  ] as const)(
    "[wire %s] the option tokenTransfer %s does the same with st-auth-mode %s (design decision 13)",
    async (_, tokenTransfer, mode, expected) => {
      app = await startApp({ tokenTransfer });
      const response = await send(app.origin, "POST", "/login", { "st-auth-mode": mode });
      expect(tokenEffect(response)).toBe(expected);
    },
  );

  it("asks the policy with the request and says that a session is being created", async () => {
    const asked: unknown[] = [];
    app = await startApp({
      getTokenTransferMethod: ({ req, forCreateNewSession, userContext }) => {
        asked.push([req.method, forCreateNewSession, typeof userContext]);
        return "header";
      },
    });
    const client = app.client("header");
    await client.send("POST", "/login");
    await client.send("GET", "/me");
    await client.refresh();
    expect(asked).toEqual([
      ["POST", true, "object"],
      ["GET", false, "object"],
      ["POST", false, "object"],
    ]);
  });

  it("refuses an answer of the policy that is none", async () => {
    app = await startApp({ getTokenTransferMethod: () => "cookies" as "cookie" });
    expect((await send(app.origin, "POST", "/login")).status).toBe(500);
    expect(app.foreignErrors).toMatchObject([
      { type: "INVALID_OPTION", payload: { option: "getTokenTransferMethod" } },
    ]);
    expect(app.store.writes).toEqual([]);
  });

  it.each([
    [
      "Bearer anything",
      undefined,
      "cookie",
      "gave sAccessToken sRefreshToken, took st-access-token st-refresh-token",
    ],
    [
      undefined,
      "sAccessToken=anything",
      "header",
      "gave st-access-token st-refresh-token, took sAccessToken sRefreshToken",
    ],
    [undefined, "sAccessToken=anything", "cookie", "gave sAccessToken sRefreshToken"],
    ["Bearer anything", undefined, "header", "gave st-access-token st-refresh-token"],
    ["Basic anything", "sAccessToken=", "header", "gave st-access-token st-refresh-token"],
  ])(
    "[wire K-11, C-8, O-7] with Authorization %s and Cookie %s, in %s mode: the other method is cleared if it carried anything",
    async (authorization, cookie, mode, expected) => {
      app = await startApp();
      const response = await send(app.origin, "POST", "/login", {
        authorization,
        cookie,
        "st-auth-mode": mode,
      });
      expect(tokenEffect(response)).toBe(expected);
      expect(response.header("front-token")).not.toBe("remove");
    },
  );
});

describe("choosing on get", () => {
  const KINDS = ["nothing", "valid", "expired", "unknown signature", "foreign JWT", "garbage"] as const;
  type Kind = (typeof KINDS)[number];
  const isCandidate = (kind: Kind): boolean => ["valid", "expired", "unknown signature"].includes(kind);

  async function make(kind: Kind, userId: string): Promise<string | undefined> {
    const { access } = await tokensOf(userId);
    if (kind === "nothing") return undefined;
    if (kind === "valid") return access;
    if (kind === "expired") return resign(app.store, access, { payload: { exp: 1_700_000_000 } });
    if (kind === "unknown signature") return resign(app.store, access, { key: foreignKey() });
    if (kind === "foreign JWT")
      return signToken({ alg: "ES256", typ: "JWT", kid: "k" }, { sub: userId }, foreignKey());
    return "garbage";
  }

  /** The table itself: which row applies, and what it chooses. */
  function choose(
    policy: TokenTransferPolicy,
    header: boolean,
    cookie: boolean,
  ): [string, "header" | "cookie" | "none"] {
    if (!header && !cookie) return ["T-12", "none"];
    if (policy === "any") return header ? ["T-6", "header"] : ["T-7", "cookie"];
    if (policy === "header") return header ? ["T-8", "header"] : ["T-9", "none"];
    return cookie ? ["T-10", "cookie"] : ["T-11", "none"];
  }

  for (const policy of POLICIES) {
    describe(`policy ${policy}`, () => {
      const tokens: Record<"header" | "cookie", Partial<Record<Kind, string | undefined>>> = {
        header: {},
        cookie: {},
      };
      beforeEach(async () => {
        await startWithPolicy(policy);
        for (const kind of KINDS) {
          tokens.header[kind] = await make(kind, "header-user");
          tokens.cookie[kind] = await make(kind, "cookie-user");
        }
      });

      const rows = new Map<string, [Kind, Kind][]>();
      for (const header of KINDS) {
        for (const cookie of KINDS) {
          const [row] = choose(policy, isCandidate(header), isCandidate(cookie));
          rows.set(row, [...(rows.get(row) ?? []), [header, cookie]]);
        }
      }
      for (const [row, pairs] of rows) {
        it(`[wire ${row}, T-13, T-14, I-5, I-6] ${pairs.length} combinations of tokens valid, expired, unknown, foreign, none`, async () => {
          for (const [header, cookie] of pairs) {
            const [, chosen] = choose(policy, isCandidate(header), isCandidate(cookie));
            const kind = chosen === "none" ? "nothing" : chosen === "header" ? header : cookie;
            const bearer = tokens.header[header];
            const inCookie = tokens.cookie[cookie];
            const headers = {
              authorization: bearer === undefined ? undefined : `Bearer ${bearer}`,
              cookie: inCookie === undefined ? undefined : `sAccessToken=${inCookie}`,
            };
            const what = `header: ${header}, cookie: ${cookie}`;
            const required = await send(app.origin, "GET", "/me", headers);
            const optional = await send(app.origin, "GET", "/optional", headers);
            const expected =
              kind === "valid"
                ? ["session", "session"]
                : kind === "nothing"
                  ? ["401-KEEP", "none"]
                  : ["401-TRY", "401-TRY"];
            expect([outcome(required), outcome(optional)], what).toEqual(expected);
            if (kind === "valid") expect(required.json, what).toMatchObject({ userId: `${chosen}-user` });
          }
        });
      }
    });
  }

  it("[wire T-15, J-6] a JWT of another provider in Authorization does not hide our cookie", async () => {
    await startWithPolicy("any");
    const { access } = await tokensOf("user-1");
    const foreign = signToken(
      { alg: "ES256", typ: "JWT", kid: "k", version: "5" },
      { sub: "x", exp: 9e9 },
      foreignKey(),
    );
    const response = await send(app.origin, "GET", "/me", {
      authorization: `Bearer ${foreign}`,
      cookie: `sAccessToken=${access}`,
    });
    expect(outcome(response)).toBe("session");
  });

  it("[wire T-18] a token answers by the way it came, whichever way it was handed out", async () => {
    app = await startApp();
    const { access, refresh } = await tokensOf("user-1");
    const byCookie = await send(
      app.origin,
      "POST",
      "/merge",
      { cookie: `sAccessToken=${access}` },
      '{"a":1}',
    );
    expect(tokenEffect(byCookie)).toBe("gave sAccessToken");
    const byHeader = await send(
      app.origin,
      "POST",
      "/merge",
      { authorization: `Bearer ${access}` },
      '{"a":2}',
    );
    expect(tokenEffect(byHeader)).toBe("gave st-access-token");
    const refreshed = await send(app.origin, "POST", REFRESH, { cookie: `sRefreshToken=${refresh}` });
    expect(tokenEffect(refreshed)).toBe("gave sAccessToken sRefreshToken");
  });

  it("[wire T-19] a cookie session goes on after the client was switched to headers, until the next login", async () => {
    app = await startApp();
    const client = app.client("cookie");
    await client.send("POST", "/login");
    const switched = { "st-auth-mode": "header" };
    expect(outcome(await client.send("GET", "/me", switched))).toBe("session");
    expect(tokenEffect(await client.refresh(switched))).toBe("gave sAccessToken sRefreshToken");
    expect(outcome(await client.send("GET", "/me", switched))).toBe("session + tokens");
    await client.send("POST", "/auth/signout", switched);
    expect(tokenEffect(await client.send("POST", "/login", switched))).toBe(
      "gave st-access-token st-refresh-token",
    );
  });
});

describe("choosing on refresh", () => {
  const GAVE_COOKIES = "gave sAccessToken sRefreshToken";
  const GAVE_HEADERS = "gave st-access-token st-refresh-token";
  const MATRIX: [TokenTransferPolicy, boolean, boolean, number, string][] = [
    ["any", false, false, 401, CLEARED_ALL],
    ["any", false, true, 200, GAVE_COOKIES],
    ["any", true, false, 200, GAVE_HEADERS],
    ["any", true, true, 200, `${GAVE_HEADERS}, took sAccessToken sRefreshToken`],
    ["header", false, false, 401, CLEARED_ALL],
    ["header", false, true, 401, CLEARED_ALL],
    ["header", true, false, 200, GAVE_HEADERS],
    ["header", true, true, 200, `${GAVE_HEADERS}, took sAccessToken sRefreshToken`],
    ["cookie", false, false, 401, CLEARED_ALL],
    ["cookie", true, false, 401, CLEARED_ALL],
    ["cookie", false, true, 200, GAVE_COOKIES],
    ["cookie", true, true, 200, `${GAVE_COOKIES}, took st-access-token st-refresh-token`],
  ];

  it.each(MATRIX)(
    "[wire T-16, T-17, K-12, R-1, R-2, R-11, I-7] policy %s, refresh token in header: %s, in cookie: %s → %i %s",
    async (policy, inHeader, inCookie, status, effect) => {
      await startWithPolicy(policy);
      const header = await tokensOf("header-user");
      const cookie = await tokensOf("cookie-user");
      const response = await send(app.origin, "POST", REFRESH, {
        authorization: inHeader ? `Bearer ${header.refresh}` : undefined,
        cookie: inCookie ? `sRefreshToken=${cookie.refresh}; sAccessToken=${cookie.access}` : undefined,
      });
      expect([response.status, tokenEffect(response)]).toEqual([status, effect]);
      if (status === 200) {
        const front = JSON.parse(
          Buffer.from(response.header("front-token") as string, "base64").toString(),
        ) as { uid: string };
        expect(front.uid).toBe(effect.startsWith(GAVE_HEADERS) ? "header-user" : "cookie-user");
      }
    },
  );

  it.each([
    ["a JWT of another provider", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"],
    ["an opaque token of somebody else", "0123456789abcdef"],
  ])("[wire T-17] %s in Authorization is no refresh token of ours, and hides none", async (_, foreign) => {
    await startWithPolicy("any");
    const { refresh } = await tokensOf("user-1");
    const authorization = `Bearer ${foreign}`;
    const both = await send(app.origin, "POST", REFRESH, {
      authorization,
      cookie: `sRefreshToken=${refresh}`,
    });
    expect([both.status, tokenEffect(both)]).toEqual([200, GAVE_COOKIES]);
    const alone = await send(app.origin, "POST", REFRESH, { authorization });
    expect([alone.status, tokenEffect(alone)]).toEqual([401, CLEARED_ALL]);
  });

  it("[wire T-17, R-4] a well-formed refresh token that we did not make is chosen, refused and cleared", async () => {
    await startWithPolicy("any");
    const header = await tokensOf("header-user");
    const cookie = await tokensOf("cookie-user");
    const forged = `${header.refresh.slice(0, -1)}${header.refresh.endsWith("A") ? "Q" : "A"}`;
    const response = await send(app.origin, "POST", REFRESH, {
      authorization: `Bearer ${forged}`,
      cookie: `sRefreshToken=${cookie.refresh}`,
    });
    expect([response.status, tokenEffect(response)]).toEqual([401, CLEARED_ALL]);
    const later = await send(app.origin, "POST", REFRESH, { cookie: `sRefreshToken=${cookie.refresh}` });
    expect(later.status).toBe(200);
  });
});

describe("cookie policy [sec C-13]", () => {
  it("no header of a request makes us hand tokens to script", async () => {
    app = await startApp({ tokenTransfer: "cookie" });
    const login = await send(app.origin, "POST", "/login", {
      "st-auth-mode": "header",
      authorization: "Bearer x",
    });
    const [access, refresh] = ["sAccessToken", "sRefreshToken"].map(
      (name) => login.cookie(name)?.value as string,
    );
    const requests: [string, string, Record<string, string>][] = [
      ["POST", REFRESH, { "st-auth-mode": "header", authorization: `Bearer ${refresh}` }],
      [
        "POST",
        REFRESH,
        { "st-auth-mode": "header", authorization: `Bearer ${refresh}`, cookie: `sRefreshToken=${refresh}` },
      ],
      ["POST", REFRESH, { "st-auth-mode": "header", cookie: `sRefreshToken=${refresh}` }],
      ["GET", "/me", { "st-auth-mode": "header", authorization: `Bearer ${access}` }],
      ["POST", "/merge", { "st-auth-mode": "header", cookie: `sAccessToken=${access}` }],
    ];
    for (const response of [
      login,
      ...(await Promise.all(requests.map((request) => send(app.origin, ...request, '{"a":1}')))),
    ]) {
      for (const name of ["st-access-token", "st-refresh-token"])
        expect(response.header(name) ?? "").toBe("");
    }
  });
});
