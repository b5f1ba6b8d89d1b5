import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { systemRandom } from "../../src/runtime/random.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { freshPath } from "../sqlite/fixture.js";
import { heldStore } from "../support/held-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { SpyStore } from "../support/spy-store.js";
import { rowOf } from "../support/store-rows.js";
import { TestClock } from "../support/test-clock.js";
import type { WireClient, WireResponse } from "../support/wire-client.js";

const DAY_SECONDS = 86_400;

let app: TestApp;
afterEach(() => app.close());

async function signIn(mode: "cookie" | "header" = "header"): Promise<WireClient> {
  const client = app.client(mode);
  expect((await client.send("POST", "/login")).status).toBe(200);
  return client;
}

function present(refreshToken: string, at = app): Promise<WireResponse> {
  const other = at.client("header");
  other.refreshToken = refreshToken;
  return other.refresh();
}

const handleIn = (refreshToken: string): string => refreshToken.split(".")[2] as string;
const partsOf = (client: WireClient): string[] => (client.refreshToken ?? "").split(".");

describe("what a refresh token is", () => {
  it("starts from 256 random bits, and each child has 256 bits nobody can derive without our secret [sec R-01]", async () => {
    const drawn: string[] = [];
    app = await startApp({
      random: (length) => {
        const bytes = systemRandom(length);
        drawn.push(Buffer.from(bytes).toString("hex"));
        return bytes;
      },
    });
    await signIn();
    drawn.length = 0;
    const client = await signIn();
    // The secret is 32 bytes of what was drawn for it, and none of the handle's.
    const [, , handle = "", , , firstSecret = ""] = partsOf(client);
    expect(drawn).toContain(handle + Buffer.from(firstSecret, "base64url").toString("hex"));
    const secrets = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      const [, , , , , secret = ""] = partsOf(client);
      expect(Buffer.from(secret, "base64url")).toHaveLength(32);
      secrets.add(secret);
      expect((await client.refresh()).status).toBe(200);
    }
    expect(secrets.size).toBe(20);
    // The same parent under another application secret has another child.
    const [, , , , , parent = ""] = partsOf(client);
    const known = ["sha256", "sha512"].map((hash) =>
      createHash(hash).update(parent).digest("base64url").slice(0, 43),
    );
    await client.refresh();
    expect(known).not.toContain(partsOf(client)[5]);
  });

  it("is written in characters that need no escape, in 512 bytes at most [sec R-03]", async () => {
    app = await startApp(
      { secret: "a secret of the application, 32 characters or more" },
      {
        "POST /tenant": async (req, res, session) => {
          await session.createNewSession(req, res, { userId: "é".repeat(128), tenantId: "t".repeat(64) });
        },
      },
    );
    for (const path of ["/login", "/tenant"]) {
      const client = app.client("header");
      expect((await client.send("POST", path)).status).toBe(200);
      for (let n = 0; n < 12; n += 1) {
        expect(client.refreshToken).toMatch(/^[A-Za-z0-9._~-]{1,512}$/);
        expect((await client.refresh()).status).toBe(200);
      }
    }
  });

  it("is nowhere in the store: no token, secret or tag that was ever issued, nor 16 characters of one [sec R-02]", async () => {
    const path = freshPath();
    const store = sqliteStore({ path, synchronous: "FULL" });
    app = await startApp({ store, antiCsrf: "VIA_TOKEN", refreshRateLimit: false });
    const issued = new Set<string>();
    const dumps: string[] = [];
    const keep = (client: WireClient): void => {
      const token = client.refreshToken ?? client.cookies.get("sRefreshToken") ?? "";
      // Handle and id of the secret are names, not secrets: they stand in the store.
      const [, , , , , secret = "", , tag = ""] = token.split(".");
      for (const text of [secret, tag, client.antiCsrf]) if (text) issued.add(text);
      for (const file of [path, `${path}-wal`])
        if (existsSync(file)) dumps.push(readFileSync(file, "latin1"));
    };
    for (const mode of ["cookie", "header"] as const) {
      const client = await signIn(mode);
      for (let n = 0; n < 8; n += 1) {
        keep(client);
        await client.refresh();
        keep(client);
        if (n % 2 === 0) await client.send("GET", "/me");
        await client.send("POST", "/merge", {}, `{"n":${n}}`);
        if (n === 4) app.clock.advanceSeconds(40);
        keep(client);
      }
      if (mode === "cookie") await client.send("POST", "/auth/signout");
      keep(client);
    }
    expect(issued.size).toBeGreaterThan(30);
    const dump = dumps.join("");
    expect(dump).toContain("user-1");
    for (const text of issued) {
      for (let at = 0; at + 16 <= text.length; at += 1) {
        const piece = text.slice(at, at + 16);
        if (dump.includes(piece)) expect.unreachable(`the store holds ${at}…${at + 16} of a token`);
      }
    }
  });
});

describe("a token that we did not make [sec R-04, D-03]", () => {
  it("is an ordinary 401 without one look at the session: 10 000 of them, of every shape", async () => {
    app = await startApp();
    const client = await signIn();
    const genuine = client.refreshToken as string;
    const parts = genuine.split(".");
    const forge = (at: number, text: string): string =>
      parts.map((part, n) => (n === at ? text : part)).join(".");
    const other = (await signIn()).refreshToken as string;
    const otherParts = other.split(".");
    const shapes: ((n: number) => string)[] = [
      (n) => `${handleIn(genuine)}.${n}`,
      (n) => forge(3, `${n}`),
      (n) => forge(4, n % 2 === 0 ? "c" : "x"),
      (n) => forge(5, createHash("sha256").update(`${n}`).digest("base64url")),
      (n) => forge(6, createHash("sha256").update(`${n}`).digest("hex")),
      (n) => forge(7, createHash("sha256").update(`${n}`).digest("base64url")),
      () => forge(2, otherParts[2] as string),
      () => [...parts.slice(0, 7), otherParts[7]].join("."),
      (n) => genuine.slice(0, n % genuine.length),
      (n) => `${genuine}${"A".repeat((n % 400) + 1)}`,
      (n) => `${"1.".repeat(n % 200)}x`,
      (n) => Buffer.from(`${n}`).toString("base64url").repeat(20),
    ];
    app.store.reset();
    for (let batch = 0; batch < 100; batch += 1) {
      const tokens = Array.from({ length: 100 }, (_, n) =>
        (shapes[n % shapes.length] as (n: number) => string)(batch * 100 + n),
      );
      const answers = await Promise.all(
        tokens.map((token) =>
          app.session.refreshSessionWithoutRequestResponse(token).then(
            () => "ok",
            (error: { type?: string }) => error.type,
          ),
        ),
      );
      expect(new Set(answers)).toEqual(new Set(["UNAUTHORISED"]));
    }
    expect(app.store.calls).toEqual([]);
    for (const shape of shapes) {
      for (const headers of [
        { authorization: `Bearer ${shape(5)}` },
        { cookie: `sRefreshToken=${shape(5)}` },
      ]) {
        const response = await app.client().refresh(headers);
        expect([response.status, tokenEffect(response)]).toEqual([401, CLEARED_ALL]);
      }
    }
    expect(app.store.calls).toEqual([]);
    expect(app.events.filter(({ type }) => type === "theft" || type === "session.revoked")).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
  });

  it("with the id of a secret that nobody knows costs one look at the secrets per second, and logs out nobody without it", async () => {
    app = await startApp();
    const client = await signIn();
    const parts = partsOf(client);
    app.clock.advanceSeconds(2);
    app.store.reset();
    const invented = (n: number): string => [parts[0], `id-${n}`, ...parts.slice(2)].join(".");
    expect(outcome(await present(invented(0)))).toBe("401-CLEAR");
    // Another process may have made one of them in this second: they wait for the next look.
    const others = await Promise.all(Array.from({ length: 199 }, (_, n) => present(invented(n + 1))));
    expect(new Set(others.map(outcome))).toEqual(new Set(["401-CLEAR"]));
    expect(app.store.calls).toEqual(["listSecrets", "listSecrets"]);
    app.store.reset();
    expect((await client.refresh()).status).toBe(200);
    expect(app.store.calls).not.toContain("listSecrets");
    app.clock.advanceSeconds(1);
    for (const n of [200, 1, 2, 199]) expect(outcome(await present(invented(n)))).toBe("401-CLEAR");
  });
});

describe("rotation", () => {
  it("is one compare-and-set: a refresh reads, the first use of what it gave writes once [sec R-05]", async () => {
    app = await startApp();
    const client = await signIn();
    app.store.reset();
    await client.refresh();
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    await client.send("GET", "/me");
    expect(app.store.writes).toEqual(["promoteSession"]);
    app.store.reset();
    await client.refresh();
    await client.refresh();
    expect(app.store.sessionCalls).toEqual(["getSession", "getSession", "promoteSession"]);
  });

  it("ends exactly the session whose token was reused, and no other one of the user [sec R-09]", async () => {
    app = await startApp();
    const victim = await signIn();
    const others = [await signIn(), await signIn("cookie")];
    const stolen = victim.refreshToken as string;
    await victim.refresh();
    await victim.send("GET", "/me");
    app.clock.advanceSeconds(31);
    expect((await present(stolen)).json).toEqual({ message: "token theft detected" });
    expect((await victim.refresh()).status).toBe(401);
    for (const other of others) expect((await other.refresh()).status).toBe(200);
  });

  it("never goes past the absolute end: a minute before it, everything expires with it [sec R-11, S-03]", async () => {
    app = await startApp({
      absoluteLifetimeDays: 2,
      refreshTokenValidityMinutes: 24 * 60,
      refreshRateLimit: false,
    });
    const client = await signIn("cookie");
    const endMs = app.clock.wallMs() + 2 * DAY_SECONDS * 1000;
    while (app.clock.wallMs() < endMs - 60_000) {
      app.clock.advanceMs(Math.min(12 * 3_600_000, endMs - 60_000 - app.clock.wallMs()));
      expect((await client.refresh()).status).toBe(200);
      expect((await client.send("GET", "/me")).status).toBe(200);
    }
    const last = await client.refresh();
    expect(client.front.ate).toBe(endMs);
    expect(Date.parse(last.cookie("sRefreshToken")?.expires ?? "")).toBe(endMs);
    await client.send("GET", "/me");
    expect(client.front.ate).toBe(endMs);
    app.clock.advanceSeconds(60);
    expect((await client.send("GET", "/me")).status).toBe(401);
    const over = await client.refresh();
    expect([over.json, tokenEffect(over)]).toEqual([{ message: "unauthorised" }, CLEARED_ALL]);
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
  });

  it("unused for longer than the idle time, a session is over; used, it is not [sec S-03]", async () => {
    app = await startApp({ refreshTokenValidityMinutes: 120 });
    const idle = await signIn();
    const busy = await signIn();
    for (let n = 0; n < 4; n += 1) {
      app.clock.advanceSeconds(3000);
      await busy.refresh();
      await busy.send("GET", "/me");
    }
    expect((await idle.refresh()).json).toEqual({ message: "unauthorised" });
    expect((await busy.refresh()).status).toBe(200);
  });

  it("counts generations, so that what happens in one millisecond or while the clock jumps is judged alike [sec R-13, TM-02]", async () => {
    for (const steps of [
      [0, 0, 0],
      [-86_400_000, 0, -3_600_000],
      [60_000, -120_000, 31_000],
      [-1, 1, -1],
    ]) {
      app = await startApp({ refreshRateLimit: false });
      const client = await signIn();
      const chain = [client.refreshToken as string];
      for (const step of steps) {
        app.clock.stepWallMs(step);
        await client.refresh();
        await client.send("GET", "/me");
        chain.push(client.refreshToken as string);
      }
      // Two generations old: theft, however young. The parent: the same child.
      expect((await present(chain.at(-2) as string)).header("st-refresh-token")).toBe(chain.at(-1));
      expect((await present(chain.at(-3) as string)).json).toEqual({ message: "token theft detected" });
      await app.close();
    }
    app = await startApp();
  });
});

describe("a revocation that overtakes a refresh [sec R-14, CC-03]", () => {
  async function heldApp() {
    const inner = new SpyStore();
    const held = heldStore(inner);
    app = await startApp({ store: held.store }, {}, { clock: new TestClock(), store: inner });
    return { held, inner };
  }

  async function expectUseless(client: WireClient): Promise<void> {
    expect((await client.send("GET", "/checked")).status).toBe(401);
    const late = await client.refresh();
    expect([late.status, late.json]).toEqual([401, { message: "unauthorised" }]);
  }

  it("in the same process the refresh hands out nothing; in another, what opens nothing", async () => {
    const { held, inner } = await heldApp();
    const here = await signIn();
    const waiting = held.hold("getSession", "after");
    const refused = here.refresh();
    await waiting;
    expect(await app.session.revokeSession(handleIn(here.refreshToken as string))).toBe(true);
    held.release();
    expect((await refused).status).toBe(401);
    const client = await signIn();
    const elsewhere = await app.sibling({ store: inner });
    const again = held.hold("getSession", "after");
    const refresh = client.refresh();
    await again;
    expect(await elsewhere.session.revokeSession(handleIn(client.refreshToken as string))).toBe(true);
    await elsewhere.close();
    held.release();
    expect((await refresh).status).toBe(200);
    // Marked: even without asking for it, its first use looks at the row.
    expect((await client.send("GET", "/me")).status).toBe(401);
    await expectUseless(client);
    expect(await rowOf(inner, handleIn(client.refreshToken ?? "..h"))).toBeUndefined();
  });

  it("nor does what the grace period hands out", async () => {
    const { held, inner } = await heldApp();
    const client = await signIn();
    const tab = client.copy();
    await client.refresh();
    await client.send("GET", "/me");
    const elsewhere = await app.sibling({ store: inner });
    const waiting = held.hold("getSession", "after");
    const refresh = tab.refresh();
    await waiting;
    await elsewhere.session.revokeAllSessionsForUser("user-1");
    await elsewhere.close();
    held.release();
    expect((await refresh).status).toBe(200);
    expect((await tab.send("GET", "/me")).status).toBe(401);
    await expectUseless(tab);
  });

  it("and a promotion that comes too late writes nothing back to life [sec S-07]", async () => {
    const { held, inner } = await heldApp();
    let client = await signIn();
    for (const [operation, use] of [
      ["promoteSession", () => client.send("GET", "/me")],
      ["updateAccessTokenPayload", () => client.send("POST", "/merge", {}, '{"a":1}')],
    ] as const) {
      client = await signIn();
      const handle = handleIn(client.refreshToken as string);
      if (operation === "promoteSession") await client.refresh();
      const waiting = held.hold(operation, "before");
      const answer = use();
      await waiting;
      await app.session.revokeSession(handle);
      held.release();
      expect((await answer).status).toBe(401);
      expect(await rowOf(inner, handle)).toBeUndefined();
    }
  });
});

describe("a rotation whose outcome is unknown [sec ST-04, R-06]", () => {
  it.each(["/auth/session/refresh", "/me"])(
    "promoted, but the reply was lost on the way (POST %s): the retry finds it done and rotates nothing twice",
    async (path) => {
      app = await startApp();
      const client = await signIn();
      await client.refresh();
      const handle = handleIn(client.refreshToken as string);
      app.store.fail = (operation) => (operation === "promoteSession" ? "after" : undefined);
      const lost = await client.send("POST", path);
      expect([lost.status, tokenEffect(lost)]).toEqual([503, "untouched"]);
      app.store.fail = undefined;
      expect((await rowOf(app.store, handle))?.generation).toBe(1);
      app.clock.advanceSeconds(600);
      const twins = [client.copy(), client.copy()];
      for (const twin of twins) expect((await twin.send("POST", path)).status).toBe(200);
      expect((await rowOf(app.store, handle))?.generation).toBe(1);
      const next = await Promise.all(twins.map((twin) => twin.refresh()));
      expect(next.map(({ status }) => status)).toEqual([200, 200]);
      expect(new Set(twins.map(({ refreshToken }) => refreshToken)).size).toBe(1);
      expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
    },
  );
});

describe("answers are never shared [sec R-17, CC-02]", () => {
  it("120 refreshes at once, of different sessions and both transports: each gets its own", async () => {
    app = await startApp();
    const clients = await Promise.all(
      Array.from({ length: 120 }, async (_, n) => {
        const client = app.client(n % 2 === 0 ? "cookie" : "header");
        await client.send("POST", "/login", {}, JSON.stringify({ userId: `user-${n}` }));
        return client;
      }),
    );
    const responses = await Promise.all(clients.map((client) => client.refresh()));
    for (const [n, client] of clients.entries()) {
      const response = responses[n] as WireResponse;
      expect(client.front.uid).toBe(`user-${n}`);
      expect(response.setCookies.length > 0).toBe(n % 2 === 0);
      expect(response.header("st-refresh-token") !== undefined).toBe(n % 2 === 1);
      expect((await client.send("GET", "/me")).json).toMatchObject({ userId: `user-${n}` });
    }
  });

  it("one token in a cookie and in a header at once: each transport is answered in its own way", async () => {
    app = await startApp();
    const header = await signIn();
    const cookie = app.client("cookie");
    cookie.cookies.set("sRefreshToken", header.refreshToken as string);
    const [a, b] = await Promise.all([header.refresh(), cookie.refresh()]);
    expect(a.setCookies).toEqual([]);
    expect(b.header("st-refresh-token")).toBeUndefined();
    expect(b.cookie("sRefreshToken")?.value).toBe(a.header("st-refresh-token"));
  });

  it("a browser may keep either of two answers, also the access token of one and the refresh token of the other", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    for (const [access, refresh] of [
      [0, 0],
      [1, 1],
      [0, 1],
      [1, 0],
    ] as const) {
      const client = await signIn("cookie");
      const answers = await Promise.all([client.copy().refresh(), client.copy().refresh()]);
      expect(answers[0]?.header("anti-csrf")).toBe(answers[1]?.header("anti-csrf"));
      client.keep(answers[access] as WireResponse);
      client.cookies.set("sRefreshToken", answers[refresh]?.cookie("sRefreshToken")?.value ?? "");
      app.clock.advanceSeconds(100);
      expect((await client.send("POST", "/me")).status).toBe(200);
      expect((await client.refresh()).status).toBe(200);
      expect((await client.send("POST", "/me")).status).toBe(200);
    }
  });
});

describe("where new tokens could not be delivered [sec R-16, A-05]", () => {
  it("nothing is rotated and the store is not asked, but to end a session", async () => {
    const types: string[] = [];
    const late = async (
      res: { write(text: string): unknown },
      run: () => Promise<unknown>,
    ): Promise<void> => {
      res.write("the head is out;");
      await run().catch((error: { type: string }) => types.push(error.type));
    };
    app = await startApp(
      {},
      {
        "POST /late-refresh": async (req, res, session) => {
          await late(res, () => session.refreshSession(req, res));
          res.end();
        },
        "POST /late-login": async (req, res, session) => {
          await late(res, () => session.createNewSession(req, res, "user-1"));
          res.end();
        },
        "POST /late-merge": async (req, res, session) => {
          const found = await session.getSession(req, res);
          await late(res, () => found.mergeIntoAccessTokenPayload({ a: 1 }));
          res.end();
        },
        "POST /late-logout": async (req, res, session) => {
          const found = await session.getSession(req, res);
          await late(res, () => found.revokeSession());
          res.end();
        },
      },
    );
    const client = await signIn("cookie");
    app.store.reset();
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    for (const path of ["/late-refresh", "/late-login", "/late-merge"]) {
      const response = await client.send("POST", path, { cookie });
      expect([response.status, tokenEffect(response)]).toEqual([200, "untouched"]);
    }
    expect(types).toEqual(Array(3).fill("RESPONSE_COMMITTED"));
    expect(app.store.sessionCalls).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
    app.store.reset();
    expect(tokenEffect(await client.send("POST", "/late-logout", { cookie }))).toBe("untouched");
    expect([types[3], app.store.sessionCalls]).toEqual(["RESPONSE_COMMITTED", ["deleteSessions"]]);
    expect((await client.refresh()).status).toBe(401);
  });

  it("a refresh whose answer is lost on the way, the client gone, is repeated with the old token [sec A-06, R-07]", async () => {
    const inner = new SpyStore();
    const held = heldStore(inner);
    app = await startApp({ store: held.store }, {}, { clock: new TestClock(), store: inner });
    const client = await signIn("header");
    for (let n = 0; n < 5; n += 1) {
      const waiting = held.hold("getSession", "after");
      const abort = new AbortController();
      const lost = fetch(`${app.origin}/auth/session/refresh`, {
        method: "POST",
        headers: { authorization: `Bearer ${client.refreshToken}`, rid: "session" },
        signal: abort.signal,
      }).catch(() => "gone");
      await waiting;
      abort.abort();
      expect(await lost).toBe("gone");
      held.release();
      app.clock.advanceSeconds(3600);
    }
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect(app.foreignErrors).toEqual([]);
  });
});
