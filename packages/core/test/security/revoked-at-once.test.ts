import { afterEach, describe, expect, it } from "vitest";
import { PrimitiveClaim } from "../../src/claims/primitive-claim.js";
import type { SessionOptions } from "../../src/config/session-options.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { heldStore } from "../support/held-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const ROUTES = [
  ["GET", "/me"],
  ["POST", "/me"],
  ["GET", "/optional"],
  ["GET", "/checked"],
  ["POST", "/merge"],
  ["POST", "/logout"],
] as const;

async function signIn(userId = "user-1"): Promise<WireClient & { handle: string }> {
  const client = app.client("header");
  const { handle } = (await client.send("POST", "/login", {}, JSON.stringify({ userId }))).json as {
    handle: string;
  };
  return Object.assign(client, { handle });
}

async function expectOver(client: WireClient): Promise<void> {
  for (const [method, path] of ROUTES) {
    expect([
      path,
      outcome(await client.copy().send(method, path, {}, method === "POST" ? "{}" : undefined)),
    ]).toEqual([path, "401-KEEP"]);
  }
  expect(outcome(await client.copy().refresh())).toBe("401-CLEAR");
}

let UserRoles: ReturnType<typeof createUserRoles>;
const ways: Record<string, (client: WireClient & { handle: string }) => Promise<unknown>> = {
  revokeSession: ({ handle }) => app.session.revokeSession(handle),
  revokeMultipleSessions: ({ handle }) => app.session.revokeMultipleSessions(["none", handle]),
  revokeAllSessionsForUser: () => app.session.revokeAllSessionsForUser("user-1"),
  "revokeAllSessionsForUser in a tenant": () => app.session.revokeAllSessionsForUser("user-1", "public"),
  "revokeAllSessions of a tenant": () => app.session.revokeAllSessions({ tenantId: "public" }),
  "revokeAllSessions of everybody": () => app.session.revokeAllSessions({ allTenants: true }),
  "the container's": (client) => client.copy().send("POST", "/logout"),
  "sign-out": (client) => client.copy().send("POST", "/auth/signout"),
  "a login in its place": (client) => client.copy().send("POST", "/login", {}, '{"userId":"user-1"}'),
  "the verdict of theft": async (client) => {
    const thief = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    app.clock.advanceSeconds(31);
    await thief.refresh();
  },
  "a role taken away with revokeSessions": async () => {
    await UserRoles.createNewRoleOrAddPermissions("admin", []);
    await UserRoles.addRoleToUser("public", "user-1", "admin");
    await UserRoles.removeUserRole("public", "user-1", "admin", undefined, { revokeSessions: true });
  },
};

const setups: [string, SessionOptions][] = [
  ["as it comes", {}],
  ["without the cache of verified tokens", { verifiedTokenCache: false }],
  ["with override.functions", { override: { functions: (original) => ({ ...original }) } }],
];

describe.each(setups)(
  "what is revoked is over at once in the process that revoked it, %s [sec S-04, R-14]",
  (_, options) => {
    it.each(Object.entries(ways))("by %s: on every route, and nobody else's is", async (name, revoke) => {
      UserRoles = createUserRoles();
      app = await startApp({ ...options, plugins: [UserRoles] });
      const client = await signIn();
      const other = await signIn("user-2");
      // In the cache by now.
      expect((await client.send("GET", "/me")).status).toBe(200);
      expect((await other.send("GET", "/me")).status).toBe(200);
      const before = client.copy();
      await revoke(client);
      await expectOver(before);
      if (name.startsWith("revokeAllSessions of")) return;
      expect((await other.send("GET", "/me")).status).toBe(200);
      expect((await other.refresh()).status).toBe(200);
    });
  },
);

it("a verified request of anybody else costs nothing for it", async () => {
  app = await startApp();
  const others = await Promise.all([signIn("a"), signIn("b")]);
  for (const other of others) await other.send("GET", "/me");
  for (let n = 0; n < 3; n += 1) await app.session.revokeSession((await signIn()).handle);
  await app.session.revokeAllSessionsForUser("user-1");
  app.store.reset();
  for (const other of others) expect((await other.send("GET", "/me")).status).toBe(200);
  expect(app.store.calls).toEqual([]);
});

it("who signs in again after all his sessions were revoked is signed in; one look at the row at most", async () => {
  app = await startApp();
  await signIn();
  await app.session.revokeAllSessionsForUser("user-1");
  const again = await signIn();
  app.store.reset();
  for (let n = 0; n < 5; n += 1) expect((await again.send("GET", "/me")).status).toBe(200);
  expect(app.store.sessionCalls.length).toBeLessThanOrEqual(1);
});

describe("what is revoked while its tokens are on their way is not handed out [sec R-14, CC-03]", () => {
  it.each([
    ["a refresh", "getSession", "401-CLEAR", (client: WireClient) => client.refresh()],
    ["a first use", "promoteSession", "401-KEEP", (client: WireClient) => client.send("GET", "/me")],
    [
      "a change",
      "updateAccessTokenPayload",
      "401-KEEP",
      (client: WireClient) => client.send("POST", "/merge", {}, '{"a":1}'),
    ],
    ["a login", "insertSession", "401-CLEAR", () => app.client("header").send("POST", "/login")],
  ] as const)("%s that waits for %s", async (name, operation, wanted, ask) => {
    const inner = new SpyStore();
    const held = heldStore(inner);
    app = await startApp({ store: held.store }, {}, { store: inner });
    const client = await signIn();
    if (name === "a first use") await client.refresh();
    const waits = held.hold(operation, "after");
    const answer = ask(client);
    await waits;
    await app.session.revokeAllSessionsForUser("user-1");
    held.release();
    const response = await answer;
    expect(outcome(response)).toBe(wanted);
    expect(response.header("st-access-token") ?? "").toBe("");
  });
});

it.each([
  ["a refresh", "getSession"],
  ["a first use", "promoteSession"],
] as const)("what %s hands out late lives no longer than if it had come at once", async (name, operation) => {
  const inner = new SpyStore();
  const held = heldStore(inner);
  app = await startApp({ store: held.store, accessTokenValiditySeconds: 900 }, {}, { store: inner });
  const client = await signIn();
  if (name === "a first use") await client.refresh();
  const untilMs = app.clock.wallMs() + 900_000;
  const waits = held.hold(operation, "after");
  const answer = name === "a refresh" ? client.refresh() : client.send("GET", "/me");
  await waits;
  app.clock.advanceSeconds(600);
  held.release();
  expect((await answer).status).toBe(200);
  expect(client.front.ate).toBeLessThanOrEqual(untilMs);
});

it("a session revoked elsewhere while a refresh writes its claims is not refreshed", async () => {
  const inner = new SpyStore();
  const held = heldStore(inner);
  let color = "red";
  const claim = new PrimitiveClaim<string>({ key: "color", fetchValue: () => color, onSessionRefresh: true });
  app = await startApp({ store: held.store, claims: [claim] }, {}, { store: inner });
  const client = await signIn();
  color = "blue";
  const waits = held.hold("updateAccessTokenPayload", "before");
  const answer = client.refresh();
  await waits;
  await inner.deleteSessions([client.handle], 0);
  held.release();
  expect(outcome(await answer)).toBe("401-CLEAR");
});

it("a revocation whose answer was lost holds once it is repeated", async () => {
  for (const revoke of [
    (handle: string) => app.session.revokeSession(handle),
    () => app.session.revokeAllSessionsForUser("user-1"),
    () => app.session.revokeAllSessions({ tenantId: "public" }),
    () => app.session.revokeAllSessions({ allTenants: true }),
  ]) {
    app = await startApp();
    const client = await signIn();
    await client.send("GET", "/me");
    app.store.fail = (operation) => (operation.startsWith("delete") ? "after" : undefined);
    await expect(revoke(client.handle)).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
    app.store.fail = undefined;
    // There is nothing left to delete.
    expect([false, [], 0]).toContainEqual(await revoke(client.handle));
    await expectOver(client);
    await app.close();
  }
  app = await startApp();
});

it("while the store is away a revoked session is 503, never let in and never cleared [sec O-01]", async () => {
  app = await startApp();
  const client = await signIn();
  await client.send("GET", "/me");
  await app.session.revokeSession(client.handle);
  app.store.fail = () => "before";
  expect(outcome(await client.send("GET", "/me"))).toBe("503");
  app.store.fail = undefined;
  expect(outcome(await client.send("GET", "/me"))).toBe("401-KEEP");
});
