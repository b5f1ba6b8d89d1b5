import { AsyncLocalStorage } from "node:async_hooks";
import { isDeepStrictEqual } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { Exchange } from "../../src/http/exchange.js";
import { NodeRequest, NodeResponse } from "../../src/http/node-http.js";
import { JoinedTransactions } from "../../src/store/joined-transaction.js";
import type { JoinedTransaction, SessionRow } from "../../src/store/session-store.js";
import { createAccessTokenVerifier } from "../../src/verify/index.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

/** A store whose calls are, while `isJoined` or within `join`, part of a transaction of the application. */
class JoinableStore extends SpyStore {
  isJoined = false;
  readonly #transactions = new JoinedTransactions<undefined>(new AsyncLocalStorage());
  joined(): JoinedTransaction | undefined {
    return this.isJoined
      ? { outside: (work) => work(), afterwards: () => {}, whenOver: () => {} }
      : this.#transactions.told();
  }
  /** The session that a transaction shows. */
  shown: SessionRow | undefined;
  override async getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    return (this.isJoined ? this.shown : undefined) ?? super.getSession(handle, nowMs);
  }
  /** As between savepoints on the connection of the call around it. */
  joinAgain<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.#transactions.current();
    if (outer === undefined) throw new Error("no transaction");
    return this.#transactions.joinAgain(outer, work);
  }
  /** Rolled back in any case: what is deleted inside stays. */
  join<T>(work: () => Promise<T>): Promise<T> {
    return this.#transactions.join(() => undefined, work);
  }
  override async deleteSessions(handles: readonly string[], nowMs: number): Promise<string[]> {
    return this.#transactions.current() === undefined ? super.deleteSessions(handles, nowMs) : [...handles];
  }
}

class Unreachable extends NodeResponse {
  override get isReadOnly(): boolean {
    return true;
  }
}

async function signedInInside(store: JoinableStore, mode: "cookie" | "header"): Promise<WireClient> {
  app = await startApp(
    {},
    {
      "GET /read": async (req, res, _session, adapter) => {
        const exchange = new Exchange(new NodeRequest(req), new Unreachable(res));
        const taken = async () => void (await adapter.verifySession(exchange));
        return {
          type: await taken().then(
            () => "taken",
            ({ type }) => type,
          ),
        };
      },
    },
    { store },
  );
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

    it("nobody takes its access token who cannot look at the row, until a first use has found the row", async () => {
      const client = await signedInInside(new JoinableStore(), mode);
      const keys = (await app.session.getJWKS()).keys;
      const verifier = createAccessTokenVerifier({ keys, clock: app.clock });
      const token = () => client.cookies.get("sAccessToken") ?? client.accessToken ?? "";
      await expect(verifier.verify(token())).rejects.toMatchObject({ type: "TRY_REFRESH_TOKEN" });
      expect((await client.send("GET", "/read")).json).toEqual({ type: "TRY_REFRESH_TOKEN" });
      await client.send("GET", "/me");
      expect((await verifier.verify(token())).sub).toBe("user-1");
      expect((await client.send("GET", "/read")).json).toEqual({ type: "taken" });
    });

    it("a change of the payload that is rolled back: the token in the answer is as good as the row says", async () => {
      const store = new JoinableStore();
      app = await startApp({}, {}, { store });
      const client = app.client(mode);
      await client.send("POST", "/login", {}, '{"payload":{"plan":"free"}}');
      const rotated = client.copy();
      store.isJoined = true;
      await client.send("POST", "/merge", {}, '{"plan":"pro"}');
      store.isJoined = false;
      await store.updateAccessTokenPayload(client.front.up.sessionHandle as string, 0, (text) =>
        text.replace("pro", "free"),
      );
      // Also of a token that is not the newest one by then.
      await rotated.refresh();
      await rotated.send("GET", "/me");
      expect((await client.send("GET", "/me")).json).toMatchObject({ payload: { plan: "free" } });
      expect(client.front.up).toMatchObject({ plan: "free" });
      expect(client.front.up).not.toHaveProperty("nbf");
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

it("a session that only the old moment of a transaction still shows is known to nobody else afterwards", async () => {
  const store = new JoinableStore();
  app = await startApp({}, {}, { store });
  const { accessToken } = (
    await app.session.createNewSessionWithoutRequestResponse("user-1")
  ).getAllSessionTokensDangerously();
  const take = () => app.session.getSessionWithoutRequestResponse(accessToken);
  store.shown = await store.getSession((await take()).getHandle(), 0);
  const other = await app.sibling();
  for (const { session } of [other, app]) await session.revokeAllSessionsForUser("user-1");
  await other.close();
  store.isJoined = true;
  await take();
  store.isJoined = false;
  await expect(take()).rejects.toMatchObject({ type: "UNAUTHORISED" });
});

describe.each(["cookie", "header"] as const)("a joined function that rejects (%s)", (mode) => {
  const store = () => app.store as JoinableStore;
  const failing =
    (work: (...given: Parameters<Handler>) => Promise<unknown>): Handler =>
    async (req, res, session, adapter) => {
      if (req.headers.flash !== undefined)
        res.setHeader("set-cookie", ["flash=1", "sRefreshToken=theirs; Path=/x"]);
      const before = res.getHeaders();
      const refusal = store().join(() =>
        store().join(async () => {
          await work(req, res, session, adapter);
          throw new Error("the second factor is wrong");
        }),
      );
      return {
        refused: await refusal.catch(({ message }: Error) => message),
        isAsBefore: isDeepStrictEqual(res.getHeaders(), before),
        user: (await session.getSession(req, res, { sessionRequired: false }))?.getUserId(),
      };
    };
  const start = async (): Promise<WireClient> => {
    app = await startApp(
      {},
      {
        "POST /login-refused": failing((req, res, session) => session.createNewSession(req, res, "user-2")),
        "POST /merge-refused": failing(async (req, res, session) =>
          (await session.getSession(req, res)).mergeIntoAccessTokenPayload({ plan: "pro" }),
        ),
        "POST /logout-refused": failing(async (req, res, session) =>
          (await session.getSession(req, res)).revokeSession(),
        ),
        "POST /login-twice": async (req, res, session) => {
          await session.createNewSession(req, res, "user-1");
          await store()
            .join(async () => {
              await session.createNewSession(req, res, "user-2");
              throw new Error("no");
            })
            .catch(() => {});
          return {};
        },
      },
      { store: new JoinableStore() },
    );
    return app.client(mode);
  };

  it.each(["/login-refused", "/merge-refused", "/logout-refused"])(
    "%s: the answer says nothing of it, and who was signed in before still is",
    async (path) => {
      const client = await start();
      await client.send("POST", "/login");
      for (const headers of [{}, { flash: "1" }]) {
        const answer = await client.send("POST", path, headers);
        expect(answer.json).toMatchObject({ refused: "the second factor is wrong", isAsBefore: true });
        if (path !== "/logout-refused") expect(answer.json).toMatchObject({ user: "user-1" });
      }
    },
  );

  it("a login before it in the same request is what the answer says", async () => {
    const client = await start();
    await client.send("POST", "/login-twice");
    expect((await client.send("GET", "/me")).json).toMatchObject({ userId: "user-1" });
    await client.refresh();
  });
});

describe("several transactions in one request", () => {
  const store = () => app.store as JoinableStore;
  const refused = () => Promise.reject(new Error("refused"));
  const at = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const told = async (
    handler: Handler,
  ): Promise<{ user: unknown; answered: unknown; client: WireClient }> => {
    app = await startApp(
      {},
      {
        "POST /work": async (req, res, session, adapter) => {
          await handler(req, res, session, adapter);
          return { user: (await session.getSession(req, res, { sessionRequired: false }))?.getUserId() };
        },
      },
      { store: new JoinableStore() },
    );
    const client = app.client();
    await client.send("POST", "/login");
    const answer = await client.send("POST", "/work");
    const me = await client.send("GET", "/me");
    return {
      user: (answer.json as { user: unknown }).user,
      answered: (me.json as { userId: unknown }).userId,
      client,
    };
  };

  it("a login between savepoints that is refused leaves the one before it", async () => {
    expect(
      await told(async (req, res, session) => {
        await store().join(async () => {
          await session.createNewSession(req, res, "outer");
          await store()
            .joinAgain(async () => {
              await session.createNewSession(req, res, "inner");
              await refused();
            })
            .catch(() => {});
        });
      }),
    ).toMatchObject({ user: "outer", answered: "outer" });
  });

  it("a login between savepoints goes with the transaction around it", async () => {
    expect(
      await told(async (req, res, session) => {
        await store()
          .join(async () => {
            await store().joinAgain(() => session.createNewSession(req, res, "inner"));
            await session.createNewSession(req, res, "outer");
            await refused();
          })
          .catch(() => {});
      }),
    ).toMatchObject({ user: "user-1", answered: "user-1" });
  });

  it.each([true, false])(
    "a login that fails late takes no later login with it (joined: %s)",
    async (isJoined) => {
      expect(
        await told(async (req, res, session) => {
          const late = store().join(async () => {
            await session.createNewSession(req, res, "late");
            await at(60);
            await refused();
          });
          await at(30);
          const login = () => session.createNewSession(req, res, "later");
          await Promise.all([late.catch(() => {}), isJoined ? store().join(login) : login()]);
        }),
      ).toMatchObject({ user: "later", answered: "later" });
    },
  );

  it("when both fail, the answer is as it was before both", async () => {
    expect(
      await told(async (req, res, session) => {
        const login = (user: string, ms: number) =>
          store()
            .join(async () => {
              await session.createNewSession(req, res, user);
              await at(ms);
              await refused();
            })
            .catch(() => {});
        const first = login("first", 40);
        await at(15);
        await Promise.all([first, login("second", 60)]);
      }),
    ).toMatchObject({ user: "user-1", answered: "user-1" });
  });

  it("what a refused function has changed in the session is not so any more for the rest of the request", async () => {
    const seen: unknown[] = [];
    await told(async (req, res, session) => {
      const held = await session.getSession(req, res);
      await store()
        .join(async () => {
          await held.mergeIntoAccessTokenPayload({ role: "admin" });
          await held.revokeSession();
          await refused();
        })
        .catch(() => {});
      const found = await session.getSession(req, res);
      seen.push(held.getAccessTokenPayload().role, found.getAccessTokenPayload().role, held.isRevoked);
    });
    expect(seen).toEqual([undefined, undefined, false]);
  });

  it("headers that the application sets in a refused function stay", async () => {
    let headers: Record<string, unknown> = {};
    await told(async (req, res, session) => {
      res.setHeader("Cache-Control", "public");
      res.setHeader("Access-Control-Expose-Headers", "X-Before");
      await store()
        .join(async () => {
          await session.createNewSession(req, res, "user-2");
          const exposed = res.getHeader("Access-Control-Expose-Headers");
          res.setHeader("Access-Control-Expose-Headers", `${String(exposed)}, X-Inside`);
          res.setHeader("Cache-Control", "no-store");
          await refused();
        })
        .catch(() => {});
      headers = res.getHeaders();
    });
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "access-control-expose-headers": "X-Before, X-Inside",
    });
  });
});
