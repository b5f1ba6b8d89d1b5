import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionError } from "../../src/errors/session-error.js";
import type { SessionContainer } from "../../src/session/session-container.js";
import { type HeldStore, heldStore } from "../support/held-store.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import { rowOf } from "../support/store-rows.js";
import { TestClaim } from "../support/test-claims.js";
import { TestClock } from "../support/test-clock.js";
import type { WireClient } from "../support/wire-client.js";

const typeOf = (error: unknown): string => (SessionError.is(error) ? error.type : String(error));
const failure = (call: Promise<unknown>): Promise<string> => call.then(() => "done", typeOf);

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

const handle = (): string => client.front.up.sessionHandle as string;

async function signIn(routes: Record<string, Handler>, options: Parameters<typeof startApp>[0] = {}) {
  app = await startApp(options, routes);
  client = app.client();
  await client.send("POST", "/login");
}

describe("what a response carries belongs to the session that it is about", () => {
  /** A login in the middle of a request, then something that happens to the session of before. */
  const after =
    (change: (old: SessionContainer) => Promise<unknown>): Handler =>
    async (req, res, session) => {
      const old = await session.getSession(req, res);
      const created = await session.createNewSession(req, res, "bob");
      const outcome = await failure(change(old as SessionContainer));
      const current = await session.getSession(req, res);
      return { created: created.getHandle(), current: current.getHandle(), outcome };
    };

  it("a session revoked after a login in the same request does not take the new one's tokens away", async () => {
    await signIn({ "POST /again": after((old) => old.revokeSession()) });
    const old = handle();
    const response = await client.send("POST", "/again");
    const { created, current, outcome } = response.json as Record<string, string>;
    expect([current, outcome]).toEqual([created, "done"]);
    expect(tokenEffect(response)).toBe("gave sAccessToken sRefreshToken");
    expect([client.front.uid, handle()]).toEqual(["bob", created]);
    expect(await rowOf(app.store, old)).toBeUndefined();
    expect((await client.refresh()).status).toBe(200);
  });

  it.each([
    ["merged into", (old: SessionContainer) => old.mergeIntoAccessTokenPayload({ a: 1 })],
    ["given a claim", (old: SessionContainer) => old.setClaimValue(new TestClaim("color", "red"), "blue")],
  ])(
    "a session %s after a login in the same request does not write its tokens over the new ones",
    async (_, change) => {
      await signIn({ "POST /again": after(change) }, { revokePreviousSession: false });
      const response = await client.send("POST", "/again");
      const { created, current, outcome } = response.json as Record<string, string>;
      expect([current, outcome]).toEqual([created, "done"]);
      expect([client.front.uid, handle()]).toEqual(["bob", created]);
      expect((await client.refresh()).status).toBe(200);
      expect(client.front.uid).toBe("bob");
    },
  );

  it("the container of before a refresh changes the payload of the refreshed tokens", async () => {
    await signIn({
      "POST /auth/session/refresh/own": async (req, res, session) => {
        const old = await session.getSession(req, res);
        await session.refreshSession(req, res);
        await old.mergeIntoAccessTokenPayload({ plan: "pro" });
        return (await session.getSession(req, res)).getAccessTokenPayload();
      },
    });
    const before = client.front.up;
    app.clock.advanceSeconds(100);
    const response = await client.send("POST", "/auth/session/refresh/own", {
      cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    });
    expect(response.json).toMatchObject({ plan: "pro" });
    expect(client.front.up.plan).toBe("pro");
    expect(client.front.up.parentRefreshTokenHash1).toBe(before.refreshTokenHash1);
    expect((await client.send("GET", "/me")).json).toMatchObject({ payload: { plan: "pro" } });
    expect((await client.refresh()).status).toBe(200);
  });

  it("two containers of one session: what either does counts, and the last tokens go out", async () => {
    await signIn({
      "POST /two": async (req, res, session) => {
        const lax = await session.getSession(req, res);
        await lax.mergeIntoAccessTokenPayload({ a: 1 });
        await session.mergeIntoAccessTokenPayload(lax.getHandle(), { b: 2 });
        const strict = await session.getSession(req, res, { checkDatabase: true });
        await lax.mergeIntoAccessTokenPayload({ c: 3 });
        const payload = (await session.getSession(req, res)).getAccessTokenPayload();
        return { isOne: lax === strict, payload };
      },
      "POST /end": async (req, res, session) => {
        const lax = await session.getSession(req, res);
        await session.mergeIntoAccessTokenPayload(lax.getHandle(), { b: 2 });
        await session.getSession(req, res, { checkDatabase: true });
        await lax.revokeSession();
        return { afterwards: await failure(session.getSession(req, res)) };
      },
    });
    const response = await client.send("POST", "/two");
    expect(response.json).toMatchObject({ isOne: false, payload: { a: 1, b: 2, c: 3 } });
    expect(client.front.up).toMatchObject({ a: 1, b: 2, c: 3 });
    const ended = await client.send("POST", "/end");
    expect(ended.json).toEqual({ afterwards: "UNAUTHORISED" });
    expect(tokenEffect(ended)).toBe("cleared cookies");
  });

  it.each(["createNewSession", "refreshSession"] as const)(
    "a session that an override of %s has revoked is not handed out",
    async (name) => {
      let revokes = false;
      await signIn(
        {},
        {
          override: {
            functions: (original) => ({
              ...original,
              [name]: async (input: never) => {
                const made: SessionContainer = await original[name](input);
                if (revokes) await made.revokeSession();
                return made;
              },
            }),
          },
        },
      );
      revokes = true;
      const response =
        name === "refreshSession" ? await client.refresh() : await client.send("POST", "/login");
      expect(tokenEffect(response)).toBe("cleared cookies");
    },
  );

  it("a session that was revoked is not handed out by attaching it", async () => {
    await signIn({
      "POST /attach": async (req, res, session) => {
        const made = await session.createNewSessionWithoutRequestResponse("bob");
        await made.revokeSession();
        await made.attachToRequestResponse({ req, res, transferMethod: "cookie" });
        return { afterwards: await failure(session.getSession(req, res)) };
      },
    });
    const response = await client.send("POST", "/attach");
    expect(response.json).toEqual({ afterwards: "UNAUTHORISED" });
    expect(tokenEffect(response)).toBe("cleared cookies");
  });
});

describe("a session that is revoked when nothing can be told any more", () => {
  it("is over all the same, and the error says what the client does not know", async () => {
    let told = "";
    let then = "";
    await signIn({
      "POST /late": async (req, res, session) => {
        const found = await session.getSession(req, res);
        res.write("{");
        await found.revokeSession().catch((error: Error) => {
          told = `${typeOf(error)}: ${error.message}`;
        });
        then = await failure(session.getSession(req, res));
        res.end("}");
      },
    });
    const session = handle();
    expect((await client.send("POST", "/late")).status).toBe(200);
    expect(told).toMatch(/^RESPONSE_COMMITTED: the session has been revoked, and the client hears of it/);
    expect(then).toBe("UNAUTHORISED");
    expect(await rowOf(app.store, session)).toBeUndefined();
    expect((await client.refresh()).status).toBe(401);
  });

  it("lives on only where the store did not answer, and then the error says that", async () => {
    const outcomes: string[] = [];
    await signIn({
      "POST /late": async (req, res, session) => {
        const found = await session.getSession(req, res);
        res.write("{");
        outcomes.push(await failure(found.revokeSession()));
        res.end("}");
      },
    });
    app.store.fail = (operation) => (operation === "deleteSessions" ? "before" : undefined);
    await client.send("POST", "/late");
    expect(outcomes).toEqual(["STORE_UNAVAILABLE"]);
  });
});

describe("an `await` that was forgotten", () => {
  let held: HeldStore;
  let spy: SpyStore;
  let warnings: string[];
  let unhandled: unknown[];
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => {
    unhandled = [];
    process.on("unhandledRejection", onUnhandled);
  });
  afterEach(() => process.off("unhandledRejection", onUnhandled));

  /** The promises that nobody took, for the test to look at in the end. */
  let forgotten: Promise<unknown>[];
  const forgetting =
    (call: (...given: Parameters<Handler>) => Promise<unknown>): Handler =>
    async (...given) => {
      forgotten.push(call(...given));
      return { ok: true };
    };

  async function start(routes: Record<string, Handler>): Promise<void> {
    forgotten = [];
    warnings = [];
    spy = new SpyStore();
    held = heldStore(spy);
    const logger = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
    app = await startApp({ store: held.store, logger }, routes, { clock: new TestClock(), store: spy });
    client = app.client();
    await client.send("POST", "/login");
  }

  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  };

  const HINT = [expect.stringMatching(/is an `await` missing/)];

  it("in front of createNewSession: nothing is left behind, and the log says so once", async () => {
    await start({
      "POST /sign-in": forgetting((req, res, session) => session.createNewSession(req, res, "bob")),
    });
    for (let time = 1; time <= 2; time += 1) {
      const waits = held.hold("insertSession", "after");
      const response = await client.send("POST", "/sign-in");
      expect([response.status, response.setCookies]).toEqual([200, []]);
      await waits;
      held.release();
      await settled();
      expect(await app.session.getAllSessionHandlesForUser("bob")).toEqual([]);
    }
    expect([warnings, unhandled]).toEqual([HINT, []]);
    expect(await Promise.all(forgotten.map(failure))).toEqual(["RESPONSE_COMMITTED", "RESPONSE_COMMITTED"]);
    // What the login would have replaced is still there.
    expect((await client.refresh()).status).toBe(200);
  });

  it("in front of revokeSession: the session is over, and the log says so", async () => {
    await start({
      "POST /sign-out": async (req, res, session) => {
        forgotten.push((await session.getSession(req, res)).revokeSession());
        return {};
      },
    });
    const waits = held.hold("deleteSessions", "before");
    expect((await client.send("POST", "/sign-out")).status).toBe(200);
    await waits;
    held.release();
    await settled();
    expect([warnings, unhandled, await rowOf(spy, handle())]).toEqual([HINT, [], undefined]);
    expect(await Promise.all(forgotten.map(failure))).toEqual(["RESPONSE_COMMITTED"]);
  });

  it("in front of a change: it is kept for the next refresh, and the log says so", async () => {
    await start({
      "POST /change": async (req, res, session) => {
        forgotten.push((await session.getSession(req, res)).mergeIntoAccessTokenPayload({ plan: "pro" }));
        return {};
      },
    });
    const waits = held.hold("updateAccessTokenPayload", "after");
    expect((await client.send("POST", "/change")).status).toBe(200);
    await waits;
    held.release();
    await settled();
    expect([warnings, unhandled]).toEqual([HINT, []]);
    expect(await Promise.all(forgotten.map(failure))).toEqual(["RESPONSE_COMMITTED"]);
    await client.refresh();
    expect(client.front.up.plan).toBe("pro");
  });

  it("and a store that is away end no process", async () => {
    await start({
      "POST /sign-in": forgetting((req, res, session) => session.createNewSession(req, res, "bob")),
      "POST /refresh": forgetting((req, res, session) => session.refreshSession(req, res)),
      "POST /change": async (req, res, session) => {
        const found = await session.getSession(req, res);
        const claim = new TestClaim("color", "red");
        forgotten.push(
          found.mergeIntoAccessTokenPayload({ a: 1 }),
          found.updateSessionData({ a: 1 }),
          found.setClaimValue(claim, "blue"),
          found.fetchAndSetClaim(claim),
          found.removeClaim(claim),
          found.revokeSession(),
        );
        return {};
      },
    });
    spy.fail = () => "before";
    for (const path of ["/sign-in", "/refresh", "/change"]) await client.send("POST", path);
    await settled();
    expect(unhandled).toEqual([]);
    expect(forgotten).toHaveLength(8);
    for (const outcome of await Promise.all(forgotten.map(failure))) expect(outcome).not.toBe("done");
  });

  it("a client that goes away while the store is asked leaves no session behind, and no warning", async () => {
    const outcomes: Promise<string>[] = [];
    await start({
      "POST /sign-in": (req, res, session) => {
        const made = session.createNewSession(req, res, "bob");
        outcomes.push(failure(made));
        return made.then((created) => created.getHandle());
      },
    });
    const waits = held.hold("insertSession", "after");
    const going = request(`${app.origin}/sign-in`, { method: "POST" });
    going.on("error", () => {});
    going.end();
    await waits;
    const gone = new Promise((resolve) => going.on("close", resolve));
    going.destroy();
    await gone;
    // The server hears of it on its own socket.
    await new Promise((resolve) => setTimeout(resolve, 50));
    held.release();
    expect(await Promise.all(outcomes)).toEqual(["RESPONSE_COMMITTED"]);
    expect([await app.session.getAllSessionHandlesForUser("bob"), warnings]).toEqual([[], []]);
  });
});
