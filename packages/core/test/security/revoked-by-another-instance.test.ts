import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { TestClock } from "../support/test-clock.js";
import type { WireClient } from "../support/wire-client.js";

let directory: string;
let clock: TestClock;
let open: TestApp[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "acme-revoked-"));
  clock = new TestClock();
  open = [];
});
afterEach(async () => {
  for (const app of open) await app.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(options: SessionOptions): Promise<TestApp> {
  const app = await startApp(options, {}, { clock });
  open.push(app);
  return app;
}

type Client = WireClient & { handle: string };

async function signIn(app: TestApp, userId = "user-1"): Promise<Client> {
  const client = app.client("header");
  const answer = await client.send("POST", "/login", {}, JSON.stringify({ userId }));
  return Object.assign(client, answer.json as { handle: string });
}

const kidOf = (client: Client): string => {
  const [header] = String(client.accessToken).split(".");
  return (JSON.parse(Buffer.from(String(header), "base64url").toString()) as { kid: string }).kid;
};

/** Two store objects of one application on one set of data, where the store can have that; one where not. */
const stores: Record<string, () => () => SessionStore> = {
  "one memory store": () => {
    const store = new MemoryStore();
    return () => store;
  },
  "one SQLite store": () => {
    const store = sqliteStore({ path: join(directory, "sessions.db") });
    return () => store;
  },
  "two SQLite stores on one file": () => () => sqliteStore({ path: join(directory, "sessions.db") }),
};

const ways: Record<string, (admin: TestApp, client: Client) => Promise<unknown>> = {
  "a session": (admin, { handle }) => admin.session.revokeSession(handle),
  "several sessions": (admin, { handle }) => admin.session.revokeMultipleSessions(["none", handle]),
  "a user": (admin) => admin.session.revokeAllSessionsForUser("user-1"),
  "a user in a tenant": (admin) => admin.session.revokeAllSessionsForUser("user-1", "public"),
  "a tenant": (admin) => admin.session.revokeAllSessions({ tenantId: "public" }),
  everybody: (admin) => admin.session.revokeAllSessions({ allTenants: true }),
  "a session, by signing out": (admin, client) => client.copy(admin.origin).send("POST", "/auth/signout"),
};

describe.each(Object.entries(stores))("two instances in one process on %s [sec S-04]", (_, make) => {
  it.each(Object.entries(ways))("what one revokes is over at once in the other: %s", async (name, revoke) => {
    const store = make();
    const api = await start({ store: store() });
    const admin = await start({ store: store() });
    const [client, other] = [await signIn(api), await signIn(api, "user-2")];
    for (const each of [client, other]) expect((await each.send("GET", "/me")).status).toBe(200);
    const before = client.copy();
    await revoke(admin, client);
    for (const path of ["/me", "/optional", "/checked"]) {
      expect([path, outcome(await before.copy().send("GET", path))]).toEqual([path, "401-KEEP"]);
    }
    expect(outcome(await before.copy().refresh())).toBe("401-CLEAR");
    // Who comes later has been told nothing, and knows.
    const late = await start({ store: store() });
    expect(outcome(await before.copy(late.origin).send("GET", "/me"))).toBe("401-KEEP");
    if (!/^(a tenant|everybody)$/.test(name)) expect((await other.send("GET", "/me")).status).toBe(200);
    expect((await (await signIn(api)).send("GET", "/me")).status).toBe(200);
  });

  it.each(Object.entries(ways))("in another namespace nothing happens: %s", async (name, revoke) => {
    const store = make();
    const api = await start({ store: store() });
    const admin = await start({ store: store(), namespace: "admin" });
    const namesakes = await start({ store: store(), namespace: "admin" });
    const [client, theirs] = [await signIn(api), await signIn(namesakes)];
    for (const each of [client, theirs]) expect((await each.send("GET", "/me")).status).toBe(200);
    await revoke(admin, client);
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect((await client.refresh()).status).toBe(200);
    if (/user|tenant|everybody/.test(name)) {
      expect(outcome(await theirs.send("GET", "/me"))).toBe("401-KEEP");
    }
  });

  it("a signing key: nothing verifies with it, nothing is signed with it, and it is not published", async () => {
    const store = make();
    const api = await start({ store: store() });
    const admin = await start({ store: store() });
    const elsewhere = await start({ store: store(), namespace: "elsewhere" });
    const [client, theirs] = [await signIn(api), await signIn(elsewhere)];
    for (const each of [client, theirs]) expect((await each.send("GET", "/me")).status).toBe(200);
    const kid = kidOf(client);
    await admin.session.withdrawKey(kid);
    expect(JSON.stringify((await api.client().send("GET", "/auth/jwt/jwks.json")).json)).not.toContain(kid);
    expect(outcome(await client.send("GET", "/me"))).toBe("401-TRY");
    expect((await client.refresh()).status).toBe(200);
    expect(kidOf(client)).not.toBe(kid);
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect((await theirs.send("GET", "/me")).status).toBe(200);
  });

  it("a secret of the store", async () => {
    const store = make();
    const api = await start({ store: store() });
    const admin = await start({ store: store() });
    const elsewhere = await start({ store: store(), namespace: "elsewhere" });
    const [client, theirs] = [await signIn(api), await signIn(elsewhere)];
    const [secret] = await admin.session.listSecrets();
    await admin.session.withdrawSecret(String(secret?.id));
    const anew = await signIn(api);
    expect(outcome(await client.refresh())).toBe("401-CLEAR");
    expect((await anew.refresh()).status).toBe(200);
    expect((await theirs.refresh()).status).toBe(200);
  });

  it("a role taken away with `revokeSessions`", async () => {
    const UserRoles = createUserRoles();
    const store = make();
    const api = await start({ store: store() });
    await start({ store: store(), plugins: [UserRoles] });
    await UserRoles.createNewRoleOrAddPermissions("admin", []);
    await UserRoles.addRoleToUser("public", "user-1", "admin");
    const client = await signIn(api);
    expect((await client.send("GET", "/me")).status).toBe(200);
    await UserRoles.removeUserRole("public", "user-1", "admin", undefined, { revokeSessions: true });
    expect(outcome(await client.send("GET", "/me"))).toBe("401-KEEP");
  });
});

it("closing one of them takes nothing from the other's memory", async () => {
  const path = join(directory, "sessions.db");
  const api = await start({ store: sqliteStore({ path }) });
  const admin = await start({ store: sqliteStore({ path }) });
  const client = await signIn(api);
  await client.send("GET", "/me");
  await admin.session.revokeSession(client.handle);
  open.pop();
  await admin.close();
  const second = await start({ store: sqliteStore({ path }) });
  const another = await signIn(api);
  await another.send("GET", "/me");
  await second.session.revokeSession(another.handle);
  for (const each of [client, another]) expect(outcome(await each.send("GET", "/me"))).toBe("401-KEEP");
});
