import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { decodeToken } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import type { WireClient } from "../support/wire-client.js";

const SECRETS = ["a", "b", "c"].map((letter) => `${letter}-kS1zOpMRxGDr6gWkbvA0yVhN4tqJ2cEu`) as [
  string,
  string,
  string,
];

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0).reverse()) await app.close();
});

/** What a browser does: the request; on 401 a refresh, then the request again. */
async function asBrowser(client: WireClient, method = "POST"): Promise<string> {
  const first = await client.send(method, "/me");
  if (first.status !== 401) return outcome(first);
  const refreshed = await client.refresh();
  return refreshed.status === 200
    ? outcome(await client.send(method, "/me"))
    : `signed out: ${outcome(refreshed)}`;
}

const CHANGES: [what: string, before: SessionOptions, after: SessionOptions][] = [
  ["algorithm ES256 → RS256", {}, { signingAlgorithm: "RS256" }],
  ["algorithm ES256 → EdDSA", {}, { signingAlgorithm: "EdDSA" }],
  ["algorithm RS256 → ES256", { signingAlgorithm: "RS256" }, {}],
  ["anti-CSRF NONE → VIA_TOKEN", { antiCsrf: "NONE" }, { antiCsrf: "VIA_TOKEN" }],
  ["anti-CSRF VIA_TOKEN → NONE", { antiCsrf: "VIA_TOKEN" }, { antiCsrf: "NONE" }],
  ["anti-CSRF VIA_TOKEN → VIA_CUSTOM_HEADER", { antiCsrf: "VIA_TOKEN" }, { antiCsrf: "VIA_CUSTOM_HEADER" }],
  ["anti-CSRF VIA_CUSTOM_HEADER → VIA_TOKEN", { antiCsrf: "VIA_CUSTOM_HEADER" }, { antiCsrf: "VIA_TOKEN" }],
  ["key family dynamic → static", {}, { useDynamicAccessTokenSigningKey: false }],
  ["key family static → dynamic", { useDynamicAccessTokenSigningKey: false }, {}],
  ["a new secret in front of the old one", { secret: SECRETS[0] }, { secret: [SECRETS[1], SECRETS[0]] }],
  ["a secret where the store's own was used", {}, { secret: SECRETS[0] }],
  ["a shorter access token", { accessTokenValiditySeconds: 7200 }, { accessTokenValiditySeconds: 60 }],
  ["a longer access token", { accessTokenValiditySeconds: 60 }, { accessTokenValiditySeconds: 7200 }],
];

describe("changing an option signs nobody out, design decision 12", () => {
  for (const [what, before, after] of CHANGES) {
    for (const mode of ["cookie", "header"] as const) {
      it(`${what}, tokens in the ${mode}: fresh, refreshed and promoted sessions go on, there and back [wire N-7, N-8, Z-15]`, async () => {
        const old = await startApp(before);
        apps.push(old);
        const stages: ((client: WireClient) => Promise<unknown>)[] = [
          async () => {},
          (client) => client.refresh(),
          async (client) => {
            await client.refresh();
            await client.send("POST", "/me");
          },
        ];
        const clients = [];
        for (const stage of stages) {
          const client = old.client(mode);
          await client.send("POST", "/login");
          await stage(client);
          clients.push(client);
        }
        const changed = await old.sibling(after);
        apps.push(changed);
        // There, back again as in a rolled-back deploy, and there for good; a rotation in between.
        const knowsBoth = before.secret === after.secret;
        for (const at of knowsBoth ? [changed, old, changed, changed] : [changed, changed, changed]) {
          for (const client of clients) {
            const moved = Object.assign(client.copy(), { origin: at.origin });
            expect(await asBrowser(moved)).toMatch(/^session/);
            expect((await moved.refresh()).status).toBe(200);
            expect(await asBrowser(moved)).toMatch(/^session/);
            Object.assign(client, moved, { origin: client.origin });
          }
          old.clock.advanceSeconds(40);
        }
        expect([...old.events, ...changed.events].filter(({ type }) => type === "theft")).toEqual([]);
      });
    }
  }

  it("a secret is changed in two steps, so that old and new processes understand each other all the time [sec K-11]", async () => {
    const only = await startApp({ secret: SECRETS[0] });
    apps.push(only);
    const announced = await only.sibling({ secret: [SECRETS[0], SECRETS[1]] });
    const inFront = await only.sibling({ secret: [SECRETS[1], SECRETS[0]] });
    apps.push(announced, inFront);
    const client = only.client();
    await client.send("POST", "/login");
    for (const pair of [
      [only, announced],
      [announced, inFront],
    ] as const) {
      // Each step of the roll-out runs both ways: the load balancer takes turns.
      for (const at of [pair[1], pair[0], pair[1], pair[0], pair[1]]) {
        const moved = Object.assign(client.copy(), { origin: at.origin });
        expect((await moved.refresh()).status).toBe(200);
        expect(await asBrowser(moved)).toMatch(/^session/);
        Object.assign(client, moved, { origin: client.origin });
        only.clock.advanceSeconds(60);
      }
    }
  });

  it("within grace the parent gives the same child, though a new secret has taken over since [wire R-9] [sec R-06]", async () => {
    const old = await startApp({ secret: SECRETS[0] });
    const next = await old.sibling({ secret: [SECRETS[1], SECRETS[0]] });
    apps.push(old, next);
    const client = old.client("header");
    await client.send("POST", "/login");
    const parent = Object.assign(client.copy(), { origin: next.origin });
    await client.refresh();
    // Promoted by the new process: from here on children are derived with the new secret.
    const moved = Object.assign(client.copy(), { origin: next.origin });
    expect(outcome(await moved.send("GET", "/me"))).toBe("session + tokens");
    expect((await parent.refresh()).status).toBe(200);
    expect(parent.refreshToken).toBe(client.refreshToken);
    old.clock.advanceSeconds(60);
    expect((await moved.refresh()).status).toBe(200);
    expect(outcome(await moved.send("GET", "/me"))).toBe("session + tokens");
  });

  it("the new algorithm signs at once, and tokens of the old one still verify", async () => {
    const old = await startApp();
    const next = await old.sibling({ signingAlgorithm: "EdDSA" });
    apps.push(old, next);
    const client = old.client("header");
    await client.send("POST", "/login");
    const moved = Object.assign(client.copy(), { origin: next.origin });
    expect(outcome(await moved.send("GET", "/me"))).toBe("session");
    await moved.refresh();
    expect(decodeToken(moved.accessToken as string).header.alg).toBe("EdDSA");
  });

  it("parallel refreshes at an old and a new instance give one child while secrets rotate [sec K-11, R-06]", async () => {
    const old = await startApp({ secret: SECRETS[0] });
    const next = await old.sibling({ secret: [SECRETS[1], SECRETS[0]] });
    const staged = await old.sibling({ secret: [SECRETS[0], SECRETS[1]] });
    apps.push(old, next, staged);
    const client = old.client("header");
    await client.send("POST", "/login");
    for (let round = 0; round < 3; round++) {
      const [a, b] = [next, staged].map((at) => Object.assign(client.copy(), { origin: at.origin })) as [
        WireClient,
        WireClient,
      ];
      await Promise.all([a.refresh(), b.refresh()]);
      expect(a.refreshToken).toBe(b.refreshToken);
      expect(outcome(await a.send("GET", "/me"))).toBe("session + tokens");
      Object.assign(client, b, { origin: client.origin });
      old.clock.advanceSeconds(60);
    }
  });
});
