import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, tokenEffect } from "../support/outcome.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

const GRACE_SECONDS = 30;

let app: TestApp;
let client: WireClient;
/** Refresh tokens in the order they were issued: RT0, RT1, … */
let chain: string[];

beforeEach(async () => {
  app = await startApp();
  client = app.client("header");
  chain = [];
  await client.send("POST", "/login");
  remember();
});
afterEach(() => app.close());

function remember(): void {
  chain.push(client.refreshToken as string);
}

function present(refreshToken: string | undefined): Promise<WireResponse> {
  const other = app.client("header");
  other.refreshToken = refreshToken;
  return other.refresh();
}

async function refreshOnce(): Promise<void> {
  expect((await client.refresh()).status).toBe(200);
  remember();
}

async function useAccessToken(): Promise<void> {
  expect((await client.send("GET", "/me")).status).toBe(200);
}

async function passGrace(): Promise<void> {
  app.clock.advanceSeconds(GRACE_SECONDS + 1);
}

async function expectTheft(response: WireResponse): Promise<void> {
  expect(response.status).toBe(401);
  expect(response.json).toEqual({ message: "token theft detected" });
  expect(tokenEffect(response)).toBe(CLEARED_ALL);
  // Both lose the session, and a second look finds nothing.
  expect((await client.refresh()).json).toEqual({ message: "unauthorised" });
  expect(app.events.filter(({ type }) => type === "theft")).toHaveLength(1);
}

function expectRefreshed(response: WireResponse): string {
  expect(response.status).toBe(200);
  expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
  return response.header("st-refresh-token") as string;
}

describe("what is theft, and what is not", () => {
  it("a lost response: the parent goes on working, and gives the same child [wire Z-1, R-7]", async () => {
    await refreshOnce();
    app.clock.advanceSeconds(86_400);
    expect(expectRefreshed(await present(chain[0]))).toBe(chain[1]);
  });

  it("a parent may be presented any number of times while no child was used [wire Z-2]", async () => {
    for (let i = 0; i < 5; i++) {
      app.clock.advanceSeconds((40 * 86_400) / 5);
      await present(chain[0]);
    }
    expectRefreshed(await present(chain[0]));
    app.clock.advanceSeconds(61 * 86_400);
    expect((await present(chain[0])).json).toEqual({ message: "unauthorised" });
  });

  it("a used child is the current token [wire Z-3]", async () => {
    await refreshOnce();
    await useAccessToken();
    expectRefreshed(await present(chain[1]));
  });

  it("the parent of a used child, after the grace period, is theft [wire Z-4, R-10]", async () => {
    await refreshOnce();
    await useAccessToken();
    await passGrace();
    await expectTheft(await present(chain[0]));
  });

  it("the parent of a used child, within the grace period, gives the same child [wire Z-5, R-9]", async () => {
    await refreshOnce();
    await useAccessToken();
    app.clock.advanceSeconds(GRACE_SECONDS);
    expect(expectRefreshed(await present(chain[0]))).toBe(chain[1]);
    app.clock.advanceMs(1);
    await expectTheft(await present(chain[0]));
  });

  it("a refreshed child whose own child is unused is the current token [wire Z-6, R-8]", async () => {
    await refreshOnce();
    await refreshOnce();
    await passGrace();
    expect(expectRefreshed(await present(chain[1]))).toBe(chain[2]);
  });

  it("the same after its child was used is theft [wire Z-7]", async () => {
    await refreshOnce();
    await refreshOnce();
    await useAccessToken();
    await passGrace();
    await expectTheft(await present(chain[1]));
  });

  it("a grandparent is theft at once: there is no grace for two generations [wire Z-8]", async () => {
    await refreshOnce();
    await refreshOnce();
    await useAccessToken();
    await expectTheft(await present(chain[0]));
  });

  it("two refreshes with one token give one child, so there are no siblings to be judged theft [wire Z-9, Z-10]", async () => {
    const [first, second] = [app.client("header"), app.client("header")];
    first.refreshToken = second.refreshToken = chain[0];
    await Promise.all([first.refresh(), second.refresh()]);
    expect(second.refreshToken).toBe(first.refreshToken);
    expect((await first.send("GET", "/me")).status).toBe(200);
    await passGrace();
    expect((await second.send("GET", "/me")).status).toBe(200);
    expectRefreshed(await second.refresh());
  });

  it("an access token of an overtaken generation works until it expires, and brings nothing new [wire Z-10, G-17]", async () => {
    await refreshOnce();
    const overtaken = client.accessToken as string;
    await refreshOnce();
    await refreshOnce();
    await useAccessToken();
    const late = app.client("header");
    late.accessToken = overtaken;
    const response = await late.send("GET", "/me");
    expect([response.status, tokenEffect(response)]).toEqual([200, "untouched"]);
    app.clock.advanceSeconds(3600);
    expect((await late.send("GET", "/me")).status).toBe(401);
  });

  it("a revoked or expired session is never theft [wire Z-11]", async () => {
    await refreshOnce();
    await useAccessToken();
    await passGrace();
    const handle = client.front.up.sessionHandle as string;
    expect(await app.session.revokeSession(handle)).toBe(true);
    for (const token of chain) expect((await present(token)).json).toEqual({ message: "unauthorised" });
    await client.send("POST", "/login");
    app.clock.advanceSeconds(100 * 86_400);
    expect((await client.refresh()).json).toEqual({ message: "unauthorised" });
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
  });

  it("a thief who was first is found when the victim comes back, or one cycle later [wire Z-12, Z-16]", async () => {
    const thief = client.copy();
    await thief.refresh();
    await thief.send("GET", "/me");
    // Within grace both hold the same token …
    await refreshOnce();
    expect(chain[1]).toBe(thief.refreshToken);
    await passGrace();
    // … and the first one to go on is the last one who can.
    await thief.refresh();
    await thief.send("GET", "/me");
    await passGrace();
    await expectTheft(await present(chain[1]));
    expect((await thief.refresh()).json).toEqual({ message: "unauthorised" });
  });

  it("a victim who comes back after the grace period finds the thief at once [wire Z-12]", async () => {
    const thief = client.copy();
    await thief.refresh();
    await thief.send("GET", "/me");
    await passGrace();
    await expectTheft(await present(chain[0]));
    expect((await thief.refresh()).json).toEqual({ message: "unauthorised" });
  });

  it("a thief who is second is found [wire Z-13]", async () => {
    const thief = client.copy();
    await refreshOnce();
    await useAccessToken();
    await passGrace();
    await expectTheft(await present(thief.refreshToken));
  });

  it("garbage, and another server's token, are no session and touch none [wire Z-14, R-4]", async () => {
    const elsewhere = await startApp();
    const stranger = elsewhere.client("header");
    await stranger.send("POST", "/login");
    await elsewhere.close();
    app.store.reset();
    const tampered = (chain[0] as string).replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    for (const token of ["garbage", stranger.refreshToken, tampered]) {
      const response = await present(token);
      expect(response.json).toEqual({ message: "unauthorised" });
      expect(tokenEffect(response)).toBe(CLEARED_ALL);
    }
    expect(app.store.sessionCalls).toEqual([]);
    expectRefreshed(await present(chain[0]));
  });

  it("another key family judges the same, and signs with its own key [wire Z-15, Y-2]", async () => {
    await refreshOnce();
    const other = await app.sibling({ useDynamicAccessTokenSigningKey: false });
    try {
      for (const token of chain) {
        const twin = other.client("header");
        twin.refreshToken = token;
        expect((await twin.refresh()).status).toBe(200);
        const header = JSON.parse(
          Buffer.from((twin.accessToken as string).split(".")[0] as string, "base64url").toString(),
        );
        expect(header.kid).toMatch(/^s-/);
        expect((await twin.send("GET", "/me")).status).toBe(200);
      }
    } finally {
      await other.close();
    }
  });

  it("reports theft once, with the revocation done before anybody is told [wire W-3] [sec O-04]", async () => {
    await refreshOnce();
    await useAccessToken();
    await passGrace();
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    expect((await present(chain[0])).status).toBe(503);
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
    app.store.fail = undefined;
    await expectTheft(await present(chain[0]));
  });
});
