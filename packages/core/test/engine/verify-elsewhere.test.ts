// A second service that only verifies, beside a real server that mints: `@acme/session-core/verify`.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrimitiveClaim, validateClaimsInPayload } from "../../src/claims/index.js";
import {
  type AccessTokenVerifierOptions,
  createAccessTokenVerifier,
  SessionError,
  type TokenVerifier,
} from "../../src/verify/index.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { keyInStore, signWith } from "../support/jws.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
let client: WireClient;
let verifier: TokenVerifier;
const jwks = (): string => `${app.origin}/auth/jwt/jwks.json`;
/** A busy machine may take long to answer. */
const patient = ({ origin, clock }: TestApp) => ({
  jwks: `${origin}/auth/jwt/jwks.json`,
  clock,
  jwksTimeoutSeconds: 60,
});
const elsewhere = (options: Partial<AccessTokenVerifierOptions> = {}): TokenVerifier =>
  createAccessTokenVerifier({ ...patient(app), ...options } as AccessTokenVerifierOptions);

async function outcomeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    const answer = (await asked) as { sub: string } | undefined;
    return answer?.sub;
  } catch (error) {
    return SessionError.is(error) ? error.type : error;
  }
}

beforeEach(async () => {
  app = await startApp();
  client = app.client("header");
  await client.send("POST", "/login", {}, JSON.stringify({ userId: "user-1", payload: { plan: "pro" } }));
  verifier = elsewhere();
});
afterEach(() => app.close());

describe("whoever is signed in at another application of the same domain [wire J-11]", () => {
  it("is a guest where the service knows its issuer, with or without a token of ours beside it", async () => {
    const other = await startApp({
      appInfo: {
        appName: "shop",
        apiDomain: "https://shop.example.com",
        websiteDomain: "https://example.com",
      },
    });
    const theirs = (await other.session.createNewSessionWithoutRequestResponse("user-2")).getAccessToken();
    const strict = elsewhere({ issuer: "https://api.example.com/auth" });
    const asked = (cookie: string, verifiedBy = strict): Promise<unknown> =>
      outcomeOf(verifiedBy.verify({ method: "GET", headers: { cookie } }, { sessionRequired: false }));
    expect(await asked(`sAccessToken=${theirs}`)).toBeUndefined();
    expect(await asked(`sAccessToken=${theirs}; sAccessToken=${client.accessToken}`)).toBe("user-1");
    expect(await outcomeOf(strict.verify(theirs))).toBe("UNAUTHORISED");
    // Without it nobody can tell.
    expect(await asked(`sAccessToken=${theirs}`, verifier)).toBe("TRY_REFRESH_TOKEN");
    // One of ours that has expired is still to be refreshed.
    app.clock.advanceSeconds(3600);
    expect(await asked(`sAccessToken=${theirs}; sAccessToken=${client.accessToken}`)).toBe(
      "TRY_REFRESH_TOKEN",
    );
    await other.close();
  });
});

describe("a token of the other server", () => {
  it("gives its payload, frozen, for as long as it lives and from the first moment of its key [sec T-10, T-12]", async () => {
    const token = client.accessToken ?? "";
    const payload = await verifier.verify(token);
    expect(payload).toEqual(decodeToken(token).payload);
    expect(Object.isFrozen(payload)).toBe(true);
    expect(await verifier.verify(token)).toBe(payload);
    app.clock.advanceMs(899_999);
    expect(await outcomeOf(verifier.verify(token))).toBe("user-1");
    app.clock.advanceMs(1);
    expect(await outcomeOf(verifier.verify(token))).toBe("TRY_REFRESH_TOKEN");
  });

  it.each(["ES256", "RS256", "EdDSA"] as const)(
    "signed with %s, and refused where only others may sign",
    async (algorithm) => {
      const other = await startApp({ signingAlgorithm: algorithm });
      const created = await other.session.createNewSessionWithoutRequestResponse("user-2");
      const options = patient(other);
      expect(await outcomeOf(createAccessTokenVerifier(options).verify(created.getAccessToken()))).toBe(
        "user-2",
      );
      const algorithms = (["ES256", "RS256", "EdDSA"] as const).filter((name) => name !== algorithm);
      const narrow = createAccessTokenVerifier({ ...options, algorithms });
      expect(await outcomeOf(narrow.verify(created.getAccessToken()))).toBe("TRY_REFRESH_TOKEN");
      await other.close();
    },
  );

  it("survives the issuer, whose keys it has; a service that has none says 503 and not 401 [sec K-06]", async () => {
    const token = client.accessToken ?? "";
    await verifier.verify(token);
    await app.close();
    app.clock.advanceSeconds(600);
    expect(await outcomeOf(verifier.verify(token))).toBe("user-1");
    const cold = elsewhere();
    await expect(cold.verify(token)).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
      status: 503,
      message: expect.stringContaining("ECONNREFUSED"),
    });
    app = await startApp();
  });

  it("of a withdrawn key is refused once the keys are read again [sec K-08]", async () => {
    const token = client.accessToken ?? "";
    await verifier.verify(token);
    await app.session.withdrawKey(String(decodeToken(token).header.kid));
    expect(await outcomeOf(verifier.verify(token))).toBe("user-1");
    app.clock.advanceSeconds(600);
    // The first one that comes does not wait for the reading.
    expect(await outcomeOf(verifier.verify(token))).toBe("user-1");
    await expect.poll(() => outcomeOf(verifier.verify(token))).toBe("TRY_REFRESH_TOKEN");
    await client.refresh();
    app.clock.advanceSeconds(5);
    expect(await outcomeOf(verifier.verify(client.accessToken ?? ""))).toBe("user-1");
  });

  it("verifies with a copy of the keys, without any connection", async () => {
    const { keys } = await app.session.getJWKS();
    const offline = createAccessTokenVerifier({ keys, clock: app.clock });
    await app.close();
    expect(await outcomeOf(offline.verify(client.accessToken ?? ""))).toBe("user-1");
    app = await startApp();
    const stranger = await app.session.createNewSessionWithoutRequestResponse("user-3");
    expect(await outcomeOf(offline.verify(stranger.getAccessToken()))).toBe("TRY_REFRESH_TOKEN");
  });

  it("is judged by the same claim validators", async () => {
    const plan = new PrimitiveClaim<string>({ key: "plan", fetchValue: () => undefined });
    const created = await app.session.createNewSessionWithoutRequestResponse(
      "user-1",
      plan.addToPayload({}, "pro", app.clock.wallMs()),
    );
    const payload = await verifier.verify(created.getAccessToken());
    const judge = (value: string) =>
      validateClaimsInPayload([plan.validators.hasValue(value)], payload, { now: app.clock.wallMs() });
    expect((await judge("pro")).invalidClaims).toEqual([]);
    expect((await judge("free")).invalidClaims).toMatchObject([{ id: "plan" }]);
  });

  it("something that is neither a token nor a request is a mistake of the caller's", async () => {
    for (const given of [undefined, null, 1, {}]) {
      expect(await outcomeOf(verifier.verify(given as never))).toBe("INVALID_ARGUMENT");
    }
  });

  it("another kind of token is none: a JWT of the application, a front token, a refresh token [sec T-08]", async () => {
    const { jwt } = await app.session.createJWT({ sub: "user-1" }, 3600, false);
    for (const text of [jwt, client.frontToken, client.refreshToken, "", "x", "a.b.c"]) {
      expect(await outcomeOf(verifier.verify(text ?? ""))).toBe("UNAUTHORISED");
    }
  });
});

describe("a request", () => {
  const cookie = (...tokens: (string | undefined)[]): string =>
    ["theme=dark", ...tokens.map((token) => `sAccessToken=${token}`)].join("; ");

  it("of Fetch or of Node carries it in the header or in the cookie; the header wins [wire T-6]", async () => {
    const token = client.accessToken;
    const other = (await app.session.createNewSessionWithoutRequestResponse("user-2")).getAccessToken();
    const headers: [Record<string, string>, unknown][] = [
      [{ authorization: `Bearer ${token}` }, "user-1"],
      [{ cookie: cookie(token) }, "user-1"],
      [{ authorization: `Bearer ${other}`, cookie: cookie(token) }, "user-2"],
      [{ authorization: "Bearer of.another.kind", cookie: cookie(token) }, "user-1"],
      [{ authorization: "Basic dTpw" }, "UNAUTHORISED"],
      [{}, "UNAUTHORISED"],
      [{ cookie: `${cookie(token)}; ${"x".repeat(16_384)}` }, "UNAUTHORISED"],
    ];
    for (const [sent, expected] of headers) {
      const request = new Request("https://orders.example.com/", { headers: sent });
      expect(await outcomeOf(verifier.verify(request)), JSON.stringify(sent)).toBe(expected);
      expect(await outcomeOf(verifier.verify({ method: "GET", headers: sent }))).toBe(expected);
    }
    const lines = { cookie: ["theme=dark", `sAccessToken=${token}`] };
    expect(await outcomeOf(verifier.verify({ method: "GET", headers: lines }))).toBe("user-1");
    const optional = await verifier.verify({ method: "GET", headers: {} }, { sessionRequired: false });
    expect(optional).toBeUndefined();
  });

  it("is taken in the one way that is allowed, and from the cookie of the given name", async () => {
    const request = { method: "GET", headers: { authorization: `Bearer ${client.accessToken}` } };
    const withCookie = { method: "GET", headers: { cookie: `__Host-sAccessToken=${client.accessToken}` } };
    const named = { cookieName: "__Host-sAccessToken" };
    expect(await outcomeOf(elsewhere({ tokenTransfer: "cookie" }).verify(request))).toBe("UNAUTHORISED");
    expect(await outcomeOf(elsewhere({ tokenTransfer: "header" }).verify(request))).toBe("user-1");
    expect(await outcomeOf(elsewhere({ ...named, tokenTransfer: "header" }).verify(withCookie))).toBe(
      "UNAUTHORISED",
    );
    expect(await outcomeOf(elsewhere(named).verify(withCookie))).toBe("user-1");
  });

  it("of somebody else's page is refused where it may change something [wire G-7] [sec X-05]", async () => {
    const post = (headers: Record<string, string>) => ({
      method: "POST",
      headers: { cookie: cookie(client.accessToken), ...headers },
    });
    expect(await outcomeOf(verifier.verify(post({})))).toBe("TRY_REFRESH_TOKEN");
    expect(await outcomeOf(verifier.verify(post({ rid: "anti-csrf" })))).toBe("user-1");
    expect(await outcomeOf(verifier.verify(post({}), { antiCsrfCheck: false }))).toBe("user-1");
    expect(await outcomeOf(verifier.verify({ ...post({}), method: "GET" }, { antiCsrfCheck: true }))).toBe(
      "TRY_REFRESH_TOKEN",
    );
    expect(await outcomeOf(verifier.verify({ headers: post({}).headers }))).toBe("TRY_REFRESH_TOKEN");
    expect(await outcomeOf(elsewhere({ antiCsrf: "NONE" }).verify(post({})))).toBe("user-1");
    const bearer = { method: "POST", headers: { authorization: `Bearer ${client.accessToken}` } };
    expect(await outcomeOf(verifier.verify(bearer))).toBe("user-1");
  });

  it("shows the anti-csrf token where the issuer hands one out [wire G-9, G-10]", async () => {
    const issuer = await startApp({ antiCsrf: "VIA_TOKEN" });
    const browser = issuer.client("cookie");
    await browser.send("POST", "/login");
    const strict = createAccessTokenVerifier({ ...patient(issuer), antiCsrf: "VIA_TOKEN" });
    const post = (headers: Record<string, string>) =>
      outcomeOf(
        strict.verify({
          method: "POST",
          headers: { cookie: cookie(browser.cookies.get("sAccessToken")), ...headers },
        }),
      );
    expect(await post({ "anti-csrf": browser.antiCsrf ?? "" })).toBe("user-1");
    expect(await post({ "anti-csrf": "x" })).toBe("TRY_REFRESH_TOKEN");
    expect(await post({ rid: "anti-csrf" })).toBe("TRY_REFRESH_TOKEN");
    await issuer.close();
  });

  it("with two cookies of one name counts as the newest of one session, and as none of two [wire D-6]", async () => {
    const first = client.accessToken;
    app.clock.advanceSeconds(10);
    await client.send("POST", "/merge", {}, '{"plan":"free"}');
    const second = client.accessToken;
    const other = (await app.session.createNewSessionWithoutRequestResponse("user-2")).getAccessToken();
    const both = (...tokens: (string | undefined)[]) => ({
      method: "GET",
      headers: { cookie: cookie(...tokens) },
    });
    expect(await verifier.verify(both(first, second))).toMatchObject({ plan: "free" });
    expect(await verifier.verify(both(second, first, "junk"))).toMatchObject({ plan: "free" });
    expect(await outcomeOf(verifier.verify(both(first, other)))).toBe("TRY_REFRESH_TOKEN");
    expect(await outcomeOf(verifier.verify(both("junk", "more.junk.x")))).toBe("UNAUTHORISED");
  });
});

describe("the keys' endpoint", () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });
  async function answering(handler: Parameters<typeof createServer>[1]): Promise<string> {
    const listening = createServer(handler);
    server = listening;
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/jwks.json?secret=hunter2`;
  }
  const unavailable = async (url: string, jwksTimeoutSeconds = 60): Promise<SessionError> => {
    const asking = elsewhere({ jwks: url, jwksTimeoutSeconds }).verify(client.accessToken ?? "");
    const error: unknown = await asking.catch((thrown: unknown) => thrown);
    if (!SessionError.is(error)) throw error;
    expect(error.type).toBe("STORE_UNAVAILABLE");
    expect(inspect(error, { depth: 10 })).not.toMatch(/hunter2/);
    expect(inspect(error, { depth: 10 })).not.toContain((client.accessToken ?? "").slice(0, 40));
    return error;
  };

  it("that hangs, fails, redirects or says something else is an outage, told without query or token [sec L-01, K-06]", async () => {
    const hanging = await unavailable(await answering(() => {}), 0.01);
    expect(hanging.message).toMatch(/jwks\.json did not answer \(TimeoutError\)/);
    server?.closeAllConnections();
    expect((await unavailable(await answering((_, res) => res.writeHead(500).end("boom")))).message).toMatch(
      /answered 500/,
    );
    let followed = 0;
    const other = await answering((_, res) => {
      followed += 1;
      res.end('{"keys":[]}');
    });
    const target = server;
    const redirect = await answering((_, res) => res.writeHead(302, { location: other }).end());
    expect((await unavailable(redirect)).message).toMatch(/answered 302/);
    expect(followed).toBe(0);
    target?.close();
    for (const text of ["", "<html>", "[]", '{"keys":1}', `"${"x".repeat(300_000)}"`]) {
      const answer = await answering((_, res) => res.end(text));
      expect((await unavailable(answer)).message).toMatch(/not a key set/);
    }
  });

  it("is read by the application's own function, where it has one", async () => {
    const asked: string[] = [];
    const own = elsewhere({
      jwks: "https://issuer.internal/jwks.json",
      fetch: async (url) => {
        asked.push(url);
        return fetch(jwks());
      },
    });
    expect(await outcomeOf(own.verify(client.accessToken ?? ""))).toBe("user-1");
    expect(asked).toEqual(["https://issuer.internal/jwks.json"]);
  });

  it("is never asked because of what a token says of itself [sec T-03]", async () => {
    let connections = 0;
    const url = await answering((_, res) => res.end());
    server?.on("connection", () => {
      connections += 1;
    });
    const token = client.accessToken ?? "";
    const { header, payload } = decodeToken(token);
    const key = await keyInStore(app.store, header.kid);
    for (const member of [{ jku: url }, { x5u: url }, { kid: url }]) {
      const forged = signWith(key, { ...header, ...member }, payload);
      expect(await outcomeOf(verifier.verify(forged))).toBe("UNAUTHORISED");
    }
    expect(connections).toBe(0);
  });
});

describe("the options [sec U-02]", () => {
  it.each([
    [{}, "jwks"],
    [undefined, "options"],
    [{ jwks: "https://x.example/k", keys: [] }, "jwks"],
    [{ jwks: "not an address" }, "jwks"],
    [{ jwks: "http://api.example.com/auth/jwt/jwks.json" }, "jwks"],
    [{ jwks: "file:///etc/keys.json" }, "jwks"],
    [{ keys: [] }, "keys"],
    [{ keys: "x" }, "keys"],
    [{ keys: [{ kty: "oct", k: "x", kid: "1", alg: "HS256" }] }, "keys[0]"],
    [{ jwks: "https://x.example/k", algorithms: [] }, "algorithms"],
    [{ jwks: "https://x.example/k", algorithms: ["HS256"] }, "algorithms"],
    [{ jwks: "https://x.example/k", antiCsrf: "none" }, "antiCsrf"],
    [{ jwks: "https://x.example/k", tokenTransfer: "any" }, "tokenTransfer"],
    [{ jwks: "https://x.example/k", jwksCacheSeconds: 0 }, "jwksCacheSeconds"],
    [{ jwks: "https://x.example/k", jwksUri: "x" }, "jwksUri"],
    [{ jwks: "https://x.example/k", verifiedTokenCache: { max: 1 } }, "verifiedTokenCache.max"],
  ])("%o: the message names %s", (options, option) => {
    expect(() => createAccessTokenVerifier(options as never)).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION", payload: { option } }),
    );
  });

  it("plain http is for this machine, and for a network that the application vouches for", () => {
    for (const url of [
      "http://localhost:3000/k",
      "http://127.0.0.1/k",
      "http://[::1]:1/k",
      new URL(jwks()),
    ]) {
      expect(createAccessTokenVerifier({ jwks: url })).toBeDefined();
    }
    const jwksInside = "http://sessions.internal:3000/auth/jwt/jwks.json";
    expect(createAccessTokenVerifier({ jwks: jwksInside, allowPlainHttp: true })).toBeDefined();
  });
});
