import { afterEach, describe, expect, it } from "vitest";
import type { JoinedTransaction } from "../../src/store/session-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

/** A store whose calls are, while `isJoined`, part of a transaction of the application. */
class JoinableStore extends SpyStore {
  isJoined = false;
  joined(): JoinedTransaction | undefined {
    return this.isJoined ? { outside: (work) => work(), afterwards: () => {} } : undefined;
  }
}

async function signedInInside(store: JoinableStore, mode: "cookie" | "header"): Promise<WireClient> {
  app = await startApp({}, {}, { store });
  // Keys and secret are there before.
  await app.client().send("POST", "/login");
  const client = app.client(mode);
  store.isJoined = true;
  await client.send("POST", "/login");
  store.isJoined = false;
  return client;
}

describe.each(["cookie", "header"] as const)(
  "a login inside a transaction of the application (%s)",
  (mode) => {
    it("that is committed: the first use finds the row, and from then on it is a session like any other", async () => {
      const client = await signedInInside(new JoinableStore(), mode);
      expect(outcome(await client.send("GET", "/me"))).toBe("session + tokens");
      app.store.reset();
      expect(outcome(await client.send("GET", "/me"))).toBe("session");
      expect(app.store.sessionCalls).toEqual([]);
      await client.refresh();
      expect(outcome(await client.send("GET", "/me"))).toBe("session + tokens");
    });

    it("that is rolled back after the answer was made: its access token opens nothing", async () => {
      const store = new JoinableStore();
      const client = await signedInInside(store, mode);
      const other = await app.sibling();
      await store.deleteSessions([client.front.up.sessionHandle as string], 0);
      for (const origin of [app.origin, other.origin]) {
        expect(outcome(await client.copy(origin).send("GET", "/me"))).toBe("401-KEEP");
      }
      await other.close();
    });
  },
);

it("inside a transaction, which may show an old moment, nobody is signed out for what it does not show", async () => {
  const store = new JoinableStore();
  app = await startApp({}, {}, { store });
  const session = await app.session.createNewSessionWithoutRequestResponse("user-1");
  const { accessToken, refreshToken } = session.getAllSessionTokensDangerously();
  await store.deleteSessions([session.getHandle()], 0);
  store.isJoined = true;
  await expect(
    app.session.refreshSessionWithoutRequestResponse(refreshToken ?? "", true),
  ).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  await expect(
    app.session.getSessionWithoutRequestResponse(accessToken, undefined, { checkDatabase: true }),
  ).rejects.toMatchObject({ type: "STORE_UNAVAILABLE" });
  store.isJoined = false;
  await expect(
    app.session.refreshSessionWithoutRequestResponse(refreshToken ?? "", true),
  ).rejects.toMatchObject({ type: "UNAUTHORISED" });
});

it("inside a transaction, a login whose old session cannot be ended fails with the transaction", async () => {
  const store = new JoinableStore();
  app = await startApp({}, {}, { store });
  const client = app.client();
  await client.send("POST", "/login");
  store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
  store.isJoined = true;
  expect((await client.send("POST", "/login")).status).toBe(503);
  // Outside it is the login that counts.
  store.isJoined = false;
  expect((await client.send("POST", "/login")).status).toBe(200);
});
