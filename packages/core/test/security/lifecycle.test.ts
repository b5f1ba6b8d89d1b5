import { afterEach, describe, expect, it } from "vitest";
import { SessionError } from "../../src/errors/session-error.js";
import { decodeToken } from "../support/forge-token.js";
import { heldStore } from "../support/held-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import { TestClock } from "../support/test-clock.js";

let app: TestApp;
afterEach(() => app.close());

describe("a new session [sec S-01]", () => {
  it("takes nothing from the request: 500 logins, 500 handles of 128 bits, whatever was planted", async () => {
    app = await startApp();
    const planted = app.client("cookie");
    await planted.send("POST", "/login");
    const cookie = [...planted.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const tokens = new Set<string>(planted.cookies.values());
    const handles = new Set<string>();
    for (let n = 0; n < 500; n += 1) {
      const response = await app.client("cookie").send("POST", "/login", {
        cookie,
        authorization: `Bearer ${planted.cookies.get("sAccessToken")}`,
        "anti-csrf": "planted",
      });
      handles.add((response.json as { handle: string }).handle);
      for (const { value } of response.setCookies) tokens.add(value);
    }
    expect(handles.size).toBe(500);
    expect(tokens.size).toBe(1002);
    for (const handle of handles) expect(handle).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("the session that a login replaces [sec S-02]", () => {
  it("is revoked after the new one is stored, and only it", async () => {
    app = await startApp();
    const client = app.client("cookie");
    await client.send("POST", "/login");
    const other = app.client("cookie");
    await other.send("POST", "/login");
    const old = client.copy();
    app.store.reset();
    await client.send("POST", "/login");
    expect(app.store.writes).toEqual(["insertSession", "deleteSessions"]);
    expect((await old.refresh()).status).toBe(401);
    expect((await client.refresh()).status).toBe(200);
    expect((await other.refresh()).status).toBe(200);
  });

  it("lives on when it cannot be revoked: the login counts", async () => {
    app = await startApp();
    const client = app.client("cookie");
    await client.send("POST", "/login");
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    expect((await client.send("POST", "/login")).status).toBe(200);
    expect((await client.refresh()).status).toBe(200);
  });
});

describe("revoking all sessions of a user [sec S-04]", () => {
  it("takes those with it that were made before, in any order, and leaves a login that starts after it alone, in the same millisecond", async () => {
    const inner = new SpyStore();
    const held = heldStore(inner);
    app = await startApp({ store: held.store }, {}, { clock: new TestClock(), store: inner });
    const before = app.client("header");
    await before.send("POST", "/login");
    // This login is under way: its commit comes after the revocation.
    const slow = app.client("header");
    const waiting = held.hold("insertSession", "after");
    const login = slow.send("POST", "/login");
    await waiting;
    const revoked = await app.session.revokeAllSessionsForUser("user-1");
    held.release();
    await login;
    expect(revoked).toHaveLength(2);
    const after = app.client("header");
    await after.send("POST", "/login");
    expect((await before.refresh()).status).toBe(401);
    expect((await slow.refresh()).status).toBe(401);
    expect((await after.refresh()).status).toBe(200);
    expect(await app.session.getAllSessionHandlesForUser("user-1")).toHaveLength(1);
  });

  it("keeps to the tenant it is given", async () => {
    app = await startApp(
      {},
      {
        "POST /tenant": async (req, res, session) => {
          await session.createNewSession(req, res, {
            userId: "user-1",
            tenantId: String(req.headers["x-tenant"]),
          });
        },
      },
    );
    const clients = await Promise.all(
      ["t1", "t2", "t2"].map(async (tenant) => {
        const client = app.client("header");
        await client.send("POST", "/tenant", { "x-tenant": tenant });
        return client;
      }),
    );
    expect(await app.session.revokeAllSessionsForUser("user-1", "t2")).toHaveLength(2);
    const left = await Promise.all(clients.map(async (client) => (await client.refresh()).status));
    expect(left).toEqual([200, 401, 401]);
  });
});

describe("revoking all sessions of a tenant, or of everybody [sec S-04]", () => {
  const routes: Parameters<typeof startApp>[1] = {
    "POST /tenant": async (req, res, session) => {
      await session.createNewSession(req, res, {
        userId: String(req.headers["x-user"]),
        tenantId: String(req.headers["x-tenant"]),
      });
    },
  };
  const signedIn = async (userId: string, tenantId: string) => {
    const client = app.client("header");
    await client.send("POST", "/tenant", { "x-user": userId, "x-tenant": tenantId });
    return client;
  };
  const status = async (client: { refresh(): Promise<{ status: number }> }) =>
    (await client.refresh()).status;

  it("ends what was there, whoever's it is, and leaves other tenants and later logins alone, in the same millisecond", async () => {
    app = await startApp({}, routes);
    const [a, b, c] = [await signedIn("u1", "t1"), await signedIn("u1", "t2"), await signedIn("u2", "t2")];
    expect(await app.session.revokeAllSessions({ tenantId: "t2" })).toBe(2);
    const later = await signedIn("u2", "t2");
    expect([await status(a), await status(b), await status(c), await status(later)]).toEqual([
      200, 401, 401, 200,
    ]);
    expect(app.events.filter(({ type }) => type === "session.revoked")).toHaveLength(2);
    expect(await app.session.revokeAllSessions({ allTenants: true })).toBe(2);
    expect([await status(a), await status(later)]).toEqual([401, 401]);
    expect(await status(await signedIn("u1", "t1"))).toBe(200);
  });

  it("comes to the end of thousands, and counts those that were live", async () => {
    app = await startApp({}, routes);
    await signedIn("u1", "t1");
    const [row] = (await app.store.scanSessions(undefined, 1)).rows;
    if (row === undefined) throw new Error("there is no session");
    for (let n = 0; n < 2_400; n += 1) {
      const tenantId = n % 2 === 0 ? "t1" : "t2";
      const expiresAtMs = n % 3 === 0 ? 1 : row.expiresAtMs;
      await app.store.insertSession({ ...row, handle: `h-${n}`, tenantId, expiresAtMs });
    }
    expect(await app.session.revokeAllSessions({ tenantId: "t1" })).toBe(801);
    expect(await app.session.revokeAllSessions({ allTenants: true })).toBe(800);
    expect((await app.store.scanSessions(undefined, 1)).rows).toEqual([]);
  });

  it("is not done by mistake, and says when it could not be done to the end", async () => {
    app = await startApp({}, routes);
    const client = await signedIn("u1", "t1");
    for (const wrong of [
      {},
      { tenantId: undefined },
      { allTenants: false },
      { tenantId: "t1", allTenants: true },
    ]) {
      await expect(app.session.revokeAllSessions(wrong as never)).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    }
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    await expect(app.session.revokeAllSessions({ tenantId: "t1" })).rejects.toMatchObject({
      type: "STORE_UNAVAILABLE",
    });
    app.store.fail = undefined;
    expect(await status(client)).toBe(200);
    Object.defineProperty(app.store, "scanSessions", { value: undefined });
    const without = await app.sibling();
    await expect(without.session.revokeAllSessions({ tenantId: "t1" })).rejects.toMatchObject({
      type: "INVALID_OPTION",
      message: expect.stringContaining("scanSessions"),
    });
    await without.close();
  });
});

describe("signing out [sec S-05]", () => {
  it("succeeds although the session has gone already", async () => {
    app = await startApp();
    for (const mode of ["cookie", "header"] as const) {
      const client = app.client(mode);
      await client.send("POST", "/login");
      await app.session.revokeAllSessionsForUser("user-1");
      const response = await client.send("POST", "/auth/signout");
      expect([response.status, response.json, tokenEffect(response)]).toEqual([
        200,
        { status: "OK" },
        `cleared ${mode}s`,
      ]);
    }
  });

  it("is 503 and clears nothing while the store is away, so that it can be repeated", async () => {
    app = await startApp();
    const client = app.client("cookie");
    await client.send("POST", "/login");
    app.store.fail = () => "before";
    const away = await client.send("POST", "/auth/signout");
    expect([away.status, tokenEffect(away)]).toEqual([503, "untouched"]);
    app.store.fail = undefined;
    expect((await client.send("POST", "/auth/signout")).status).toBe(200);
  });
});

describe("merges [sec S-07, CC-03]", () => {
  it("40 at once of different keys through 4 instances all survive, beside refreshes and promotions", async () => {
    app = await startApp();
    const instances = [app, ...(await Promise.all([1, 2, 3].map(() => app.sibling())))];
    const client = app.client("header");
    await client.send("POST", "/login");
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const twin = Object.assign(client.copy(), { origin: instances[n % 4]?.origin });
        if (n % 5 === 0) await twin.refresh();
        return twin.send("POST", "/merge", {}, `{"k${n}":${n}}`);
      }),
    );
    expect(instances.flatMap(({ foreignErrors }) => foreignErrors)).toEqual([]);
    expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
    await client.refresh();
    await client.send("GET", "/me");
    const { payload } = decodeToken(client.accessToken as string);
    for (let n = 0; n < 40; n += 1) expect(payload[`k${n}`]).toBe(n);
    await Promise.all(instances.slice(1).map((instance) => instance.close()));
  });

  it("a session that was revoked is not written back to life by what comes late", async () => {
    app = await startApp();
    const client = app.client("header");
    const { handle } = (await client.send("POST", "/login")).json as { handle: string };
    await client.refresh();
    await app.session.revokeSession(handle);
    expect((await client.send("POST", "/merge", {}, '{"a":1}')).status).toBe(401);
    expect(await app.session.updateSessionData(handle, { a: 1 })).toBe(false);
    expect(await app.session.mergeIntoAccessTokenPayload(handle, { a: 1 })).toBe(false);
    expect((await client.send("GET", "/me")).status).toBe(401);
    expect(await app.session.getSessionInformation(handle)).toBeUndefined();
  });
});

describe("revoking inside an overridden refresh [sec S-08]", () => {
  it.each(["cookie", "header"] as const)("hands out no tokens (%s)", async (mode) => {
    let isBanned = false;
    app = await startApp({
      override: {
        functions: (original) => ({
          ...original,
          async refreshSession(input) {
            const session = await original.refreshSession(input);
            if (isBanned) await session.revokeSession();
            return session;
          },
        }),
      },
    });
    const client = app.client(mode);
    await client.send("POST", "/login");
    expect((await client.refresh()).status).toBe(200);
    isBanned = true;
    const response = await client.refresh();
    expect(tokenEffect(response)).toBe(`cleared ${mode}s`);
    expect(response.lines.map(([, value]) => value).join()).not.toMatch(/eyJ/);
  });

  it("so does throwing UNAUTHORISED there", async () => {
    app = await startApp({
      override: {
        functions: (original) => ({
          ...original,
          async refreshSession(input) {
            const session = await original.refreshSession(input);
            await original.revokeSession({ sessionHandle: session.getHandle(), userContext: {} });
            throw new SessionError({
              type: "UNAUTHORISED",
              message: "banned",
              payload: { clearTokens: true },
            });
          },
        }),
      },
    });
    const client = app.client("cookie");
    await client.send("POST", "/login");
    const response = await client.refresh();
    expect([response.status, tokenEffect(response)]).toEqual([401, "cleared cookies and headers"]);
  });
});
