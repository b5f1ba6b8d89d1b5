import { createPublicKey, verify } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { decodeToken, foreignKey, resign } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { keysOf } from "../support/store-rows.js";
import { send, type WireClient } from "../support/wire-client.js";

const INTERVAL_SECONDS = 3600;
/** Hourly rotation: the overlap is a minute. */
const HOURLY: SessionOptions = {
  accessTokenSigningKeyUpdateIntervalHours: 1,
  accessTokenValiditySeconds: 3600,
};

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(options: SessionOptions = {}): Promise<TestApp> {
  const app = await startApp(options);
  apps.push(app);
  return app;
}

async function sibling(of: TestApp, options?: SessionOptions): Promise<TestApp> {
  const app = await of.sibling(options);
  apps.push(app);
  return app;
}

async function signIn(app: TestApp): Promise<WireClient> {
  const client = app.client("header");
  expect((await client.send("POST", "/login")).status).toBe(200);
  return client;
}

const kidOf = (client: WireClient): string => decodeToken(client.accessToken as string).header.kid as string;

describe("signing keys", () => {
  it("two families: the option decides which one mints, and nobody else's memory does [wire Y-1, Y-2]", async () => {
    const dynamic = await start();
    const fixed = await sibling(dynamic, { useDynamicAccessTokenSigningKey: false });
    const client = await signIn(dynamic);
    expect(kidOf(client)).toMatch(/^d-/);
    const moved = fixed.client("header");
    moved.refreshToken = client.refreshToken;
    await moved.refresh();
    expect(kidOf(moved)).toMatch(/^s-/);
    // Promotion and merge mint with the configured family too (design decision 7).
    await moved.send("GET", "/me");
    expect(kidOf(moved)).toMatch(/^s-/);
    await moved.send("POST", "/merge", {}, '{"a":1}');
    expect(kidOf(moved)).toMatch(/^s-/);
  });

  it("static keys are never replaced [wire Y-1]", async () => {
    const app = await start({ ...HOURLY, useDynamicAccessTokenSigningKey: false });
    const first = await signIn(app);
    app.clock.advanceSeconds(10 * 365 * 86_400);
    expect(kidOf(await signIn(app))).toBe(kidOf(first));
    expect(await keysOf(app.store)).toHaveLength(1);
  });

  it("a new key is made a minute before the old one is due, signs a minute later [wire Y-3, Y-4, Y-5]", async () => {
    const app = await start(HOURLY);
    const first = kidOf(await signIn(app));
    app.clock.advanceSeconds(INTERVAL_SECONDS - 61);
    expect(kidOf(await signIn(app))).toBe(first);
    expect(await keysOf(app.store)).toHaveLength(1);
    app.clock.advanceSeconds(1);
    expect(kidOf(await signIn(app))).toBe(first);
    const [, second] = await keysOf(app.store);
    app.clock.advanceMs(59_999);
    expect(kidOf(await signIn(app))).toBe(first);
    app.clock.advanceMs(1);
    expect(kidOf(await signIn(app))).toBe(second?.kid);
  });

  it("short intervals overlap by a fifth, so that they do not make keys for ever [wire Y-3]", async () => {
    const app = await start({ allowTestValues: true, accessTokenSigningKeyUpdateIntervalHours: 10 / 3600 });
    await signIn(app);
    app.clock.advanceMs(7_999);
    for (let i = 0; i < 5; i++) await signIn(app);
    expect(await keysOf(app.store)).toHaveLength(1);
    app.clock.advanceMs(1);
    for (let i = 0; i < 5; i++) await signIn(app);
    expect(await keysOf(app.store)).toHaveLength(2);
  });

  it("after an idle time longer than the interval the new key signs at once, and verifies everywhere [wire Y-5, Y-9] [sec T-12]", async () => {
    const one = await start(HOURLY);
    const other = await sibling(one);
    await signIn(one);
    await signIn(other);
    one.clock.advanceSeconds(10 * INTERVAL_SECONDS);
    const client = await signIn(one);
    const response = await send(other.origin, "GET", "/me", {
      authorization: `Bearer ${client.accessToken}`,
    });
    expect(outcome(response)).toBe("session");
  });

  it("several processes that start, or rotate, at once agree on one key [wire Y-4] [sec K-03]", async () => {
    const first = await start(HOURLY);
    const all = [first, ...(await Promise.all([1, 2, 3].map(() => sibling(first))))];
    for (const expected of [1, 2]) {
      const clients = await Promise.all(all.flatMap((app) => [signIn(app), signIn(app)]));
      expect(await keysOf(first.store)).toHaveLength(expected);
      expect(new Set(clients.map(kidOf)).size).toBe(1);
      first.clock.advanceSeconds(2 * INTERVAL_SECONDS);
    }
  });

  it("tokens that outlive several rotations cause no refresh: 250 requests [wire Y-6]", async () => {
    const app = await start({
      allowTestValues: true,
      accessTokenSigningKeyUpdateIntervalHours: 7.2 / 3600,
      accessTokenValiditySeconds: 100,
    });
    const other = await sibling(app);
    const client = await signIn(app);
    for (let i = 0; i < 250; i++) {
      app.clock.advanceMs(396);
      // Others sign in meanwhile, so keys do rotate.
      if (i % 20 === 0) await signIn(app);
      const response = await send((i % 2 === 0 ? app : other).origin, "GET", "/me", {
        authorization: `Bearer ${client.accessToken}`,
      });
      expect(outcome(response)).toBe("session");
    }
    expect((await keysOf(app.store)).length).toBeGreaterThan(8);
    expect(kidOf(client)).not.toBe(kidOf(await signIn(app)));
  });

  it("a key is good until created + interval + twice the tokens' validity, then it is removed [wire Y-6]", async () => {
    const app = await start(HOURLY);
    const client = await signIn(app);
    const [first] = await keysOf(app.store);
    const forged = async (): Promise<string> => {
      const exp = Math.floor(app.clock.wallMs() / 1000) + 3600;
      const token = await resign(app.store, client.accessToken as string, { payload: { exp } });
      return outcome(await send(app.origin, "GET", "/me", { authorization: `Bearer ${token}` }));
    };
    app.clock.advanceSeconds(3 * INTERVAL_SECONDS - 1);
    expect(await forged()).toBe("session");
    app.clock.advanceSeconds(1);
    expect(await forged()).toBe("401-TRY");
    app.clock.advanceSeconds(12 * 3600);
    await signIn(app);
    await app.session.close();
    expect((await keysOf(app.store)).map(({ kid }) => kid)).not.toContain(first?.kid);
  });

  it("the JWKS holds every key that verifies, newest first, then static ones; public members only [wire Y-7]", async () => {
    const app = await start(HOURLY);
    const fixed = await sibling(app, { useDynamicAccessTokenSigningKey: false });
    await signIn(fixed);
    const client = await signIn(app);
    app.clock.advanceSeconds(2 * INTERVAL_SECONDS);
    await signIn(app);
    app.clock.advanceSeconds(INTERVAL_SECONDS - 60);
    const { keys } = await app.session.getJWKS();
    const stored = (await keysOf(app.store))
      .filter(({ family }) => family === "dynamic")
      .map(({ kid }) => kid);
    expect(keys.map(({ kid }) => kid)).toEqual([...stored.reverse(), expect.stringMatching(/^s-/)]);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
      expect(key).toMatchObject({ use: "sig", alg: "ES256", kty: "EC" });
    }
    // And a verifier of somebody else's reads it.
    const jwk = keys.find(({ kid }) => kid === kidOf(client));
    const [header, payload, signature] = (client.accessToken as string).split(".");
    const key = createPublicKey({ key: jwk as never, format: "jwk" });
    const data = Buffer.from(`${header}.${payload}`);
    expect(
      verify(
        "sha256",
        data,
        { key, dsaEncoding: "ieee-p1363" },
        Buffer.from(signature as string, "base64url"),
      ),
    ).toBe(true);
  });

  it("keys of two algorithms stand in the JWKS by age as well [wire Y-7]", async () => {
    const app = await start(HOURLY);
    for (let i = 0; i < 3; i++) {
      await signIn(app);
      app.clock.advanceSeconds(INTERVAL_SECONDS - 60);
    }
    const edwards = await sibling(app, { signingAlgorithm: "EdDSA" });
    const client = await signIn(edwards);
    const { keys } = await edwards.session.getJWKS();
    expect(keys[0]?.kid).toBe(kidOf(client));
  });

  it("a cached JWKS expires when a new key can appear [wire Y-8]", async () => {
    const app = await start(HOURLY);
    const maxAge = async (): Promise<number> => (await app.session.getJWKS()).validityInSeconds;
    await signIn(app);
    // Security rule K-12: never longer than half the time by which a key is published before it signs.
    expect(await maxAge()).toBe(30);
    app.clock.advanceMs((INTERVAL_SECONDS - 60 - 20) * 1000 + 500);
    expect(await maxAge()).toBe(19);
    const response = await send(app.origin, "GET", "/auth/jwt/jwks.json");
    expect(response.header("cache-control")).toContain("max-age=19, must-revalidate");
    app.clock.advanceMs(18_500);
    expect(await maxAge()).toBe(1);
  });

  it("unknown kids ask the store at most once a second; the table is read again when it is old [wire Y-9] [sec K-05]", async () => {
    const app = await start({ jwksRefreshIntervalSec: 1000 });
    const client = await signIn(app);
    const ask = async (kid: string): Promise<void> => {
      const token = await resign(app.store, client.accessToken as string, {
        header: { kid },
        key: foreignKey(),
      });
      const response = await send(app.origin, "GET", "/me", { authorization: `Bearer ${token}` });
      expect(outcome(response)).toBe("401-TRY");
    };
    app.store.reset();
    for (let i = 0; i < 20; i++) await ask(`d-${i}`);
    expect(app.store.calls).toEqual(["listSigningKeys"]);
    app.clock.advanceSeconds(1);
    for (let i = 20; i < 40; i++) await ask(`d-${i}`);
    expect(app.store.calls).toEqual(["listSigningKeys", "listSigningKeys"]);
    app.store.reset();
    app.clock.advanceSeconds(998);
    await client.send("GET", "/me");
    expect(app.store.calls).toEqual([]);
    app.clock.advanceSeconds(2);
    await client.send("GET", "/me");
    expect(app.store.calls).toEqual(["listSigningKeys"]);
  });

  it("a token of the other family is to be refreshed [wire Y-10]", async () => {
    const app = await start();
    const client = await signIn(await sibling(app, { useDynamicAccessTokenSigningKey: false }));
    const response = await send(app.origin, "GET", "/me", { authorization: `Bearer ${client.accessToken}` });
    expect(outcome(response)).toBe("401-TRY");
  });
});
