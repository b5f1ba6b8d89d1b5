import { afterEach, describe, expect, it } from "vitest";
import { createUserRoles } from "../../src/user-roles/index.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import type { WireClient } from "../support/wire-client.js";

const SECRET = "correct horse battery staple, and then some";

const apps: TestApp[] = [];
afterEach(async () => {
  for (const app of apps.splice(0).reverse()) await app.close();
});

async function instance(...start: Parameters<typeof startApp>): Promise<TestApp> {
  const app = await startApp(...start);
  apps.push(app);
  return app;
}

/** The application for users and the one for administrators, on one store. */
async function twoInstances(options: { secret?: string } = {}): Promise<{ users: TestApp; admins: TestApp }> {
  const users = await instance({ ...options, namespace: "users" });
  const { store, clock } = users;
  return { users, admins: await instance({ ...options, namespace: "admins" }, {}, { store, clock }) };
}

async function signedIn(app: TestApp, mode: "cookie" | "header"): Promise<WireClient> {
  const client = app.client(mode);
  await client.send("POST", "/login");
  return client;
}

describe("two instances on one store, each in a namespace", () => {
  for (const options of [{}, { secret: SECRET }]) {
    for (const mode of ["cookie", "header"] as const) {
      it(`a user's tokens open nothing at the admins' instance (${JSON.stringify(options)}, ${mode})`, async () => {
        const { users, admins } = await twoInstances(options);
        const user = await signedIn(users, mode);
        await signedIn(admins, mode);
        expect(outcome(await user.send("GET", "/me"))).toBe("session");
        const atAdmins = user.copy(admins.origin);
        expect(outcome(await atAdmins.send("GET", "/me"))).toBe("401-TRY");
        expect(outcome(await atAdmins.send("GET", "/checked"))).toBe("401-TRY");
        // Cookies stay: they are another application's.
        const isCookie = mode === "cookie";
        expect(outcome(await atAdmins.refresh())).toBe(isCookie ? "401-KEEP + cleared headers" : "401-CLEAR");
        // And what was tried there has harmed nothing here.
        await user.refresh();
        expect(outcome(await user.send("GET", "/me"))).toBe("session + tokens");
      });
    }
  }

  it("neither lists, reads, changes or revokes the other's sessions", async () => {
    const { users, admins } = await twoInstances();
    const session = await users.session.createNewSessionWithoutRequestResponse("user-1");
    const handle = session.getHandle();
    expect(await admins.session.getAllSessionHandlesForUser("user-1")).toEqual([]);
    expect(await admins.session.getSessionInformation(handle)).toBeUndefined();
    expect(await admins.session.updateSessionData(handle, { x: 1 })).toBe(false);
    expect(await admins.session.mergeIntoAccessTokenPayload(handle, { x: 1 })).toBe(false);
    expect(await admins.session.revokeSession(handle)).toBe(false);
    expect(await admins.session.revokeAllSessionsForUser("user-1")).toEqual([]);
    expect(await admins.session.revokeAllSessions({ allTenants: true })).toBe(0);
    expect(await users.session.getSessionInformation(handle)).toMatchObject({ sessionData: {} });
  });

  it("publishes its own keys only", async () => {
    const { users, admins } = await twoInstances();
    const kids = async (app: TestApp): Promise<unknown[]> =>
      (await app.session.getJWKS()).keys.map(({ kid }) => kid);
    const [ofUsers, ofAdmins] = [await kids(users), await kids(admins)];
    expect(ofUsers).toHaveLength(1);
    expect(ofAdmins).toHaveLength(1);
    expect(ofUsers).not.toEqual(ofAdmins);
  });

  it("a role given in one namespace is no role in the other, also where the roles were given the store by hand", async () => {
    for (const byHand of [false, true]) {
      const store = new SpyStore();
      const make = async (namespace: string) => {
        const roles = createUserRoles(byHand ? { store } : {});
        await instance({ namespace, plugins: [roles] }, {}, { store });
        return roles;
      };
      const [users, admins] = [await make("users"), await make("admins")];
      await users.createNewRoleOrAddPermissions("admin", ["all"]);
      await users.addRoleToUser("public", "user-1", "admin");
      expect((await users.getRolesForUser("public", "user-1")).roles).toEqual(["admin"]);
      expect((await admins.getRolesForUser("public", "user-1")).roles).toEqual([]);
      expect((await admins.getAllRoles()).roles).toEqual([]);
    }
  });

  it("one set of roles cannot serve two namespaces", async () => {
    const roles = createUserRoles();
    const { store } = await instance({ namespace: "users", plugins: [roles] });
    await expect(instance({ namespace: "admins", plugins: [roles] }, {}, { store })).rejects.toMatchObject({
      type: "INVALID_OPTION",
      payload: { option: "plugins" },
      message: expect.stringContaining("make one for each"),
    });
  });

  it("closing one leaves the other its store; the last one closes it", async () => {
    const { users, admins } = await twoInstances();
    let closed = 0;
    users.store.close = async () => {
      closed += 1;
    };
    await users.session.close();
    expect(closed).toBe(0);
    expect(await admins.session.createNewSessionWithoutRequestResponse("admin-1")).toBeDefined();
    await admins.session.close();
    expect(closed).toBe(1);
  });
});

describe("two instances on one store in one namespace", () => {
  const admin = { ...APP_INFO, apiBasePath: "/admin/auth" };
  const different: [what: string, options: Parameters<typeof startApp>[0]][] = [
    ["the cookie names", { getCookieNameForTokenType: (_req, type) => `admin-${type}` }],
    ["`appInfo.apiBasePath`", { appInfo: admin }],
    ["`accessTokenPath`", { accessTokenPath: "/auth" }],
    ["`signingAlgorithm`", { signingAlgorithm: "RS256" }],
    ["`useDynamicAccessTokenSigningKey`", { useDynamicAccessTokenSigningKey: false }],
  ];

  it.each(different)("are refused when %s differ, by name", async (what, options) => {
    for (const namespace of [undefined, "shop"]) {
      const { store } = await instance({ namespace });
      await expect(instance({ ...options, namespace }, {}, { store })).rejects.toMatchObject({
        type: "INVALID_OPTION",
        payload: { option: "namespace" },
        message: expect.stringContaining(what),
      });
      // With a namespace of its own it may.
      await instance({ ...options, namespace: "admins" }, {}, { store });
      await apps.pop()?.close();
    }
  });

  it("may be one application in two frameworks, and a new one after the first was closed", async () => {
    const first = await instance();
    const { store } = first;
    await instance({}, {}, { store });
    for (const app of apps.splice(0)) await app.close();
    await instance({ signingAlgorithm: "EdDSA" }, {}, { store });
  });

  it("an instance that could not be made holds nothing", async () => {
    const store = new SpyStore();
    const attach = (): never => {
      throw new Error("no");
    };
    await expect(instance({ plugins: [{ name: "p", attach }] }, {}, { store })).rejects.toThrow("no");
    await instance({ signingAlgorithm: "EdDSA" }, {}, { store });
  });
});

it("a store without namespaces is refused by name", async () => {
  const store = new SpyStore();
  Object.defineProperty(store, "inNamespace", { value: undefined });
  await expect(instance({ namespace: "users" }, {}, { store })).rejects.toMatchObject({
    type: "INVALID_OPTION",
    payload: { option: "namespace" },
  });
});
