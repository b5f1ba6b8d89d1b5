import { afterEach, describe, expect, it } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { foreignKey, resign } from "../support/forge-token.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, outcome, tokenEffect } from "../support/outcome.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

const REFRESH = "/auth/session/refresh";
const EPOCH = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax";
const OLDER_ACCESS = `sAccessToken=; Domain=.example.com; Path=/; ${EPOCH}`;
const OLDER_REFRESH = `sRefreshToken=; Domain=.example.com; Path=/auth/session/refresh; ${EPOCH}`;
/** Wherever a page of a sibling host can have put one. */
const PLANTED_REFRESH = ["example.com", "api.example.com"].flatMap((domain) =>
  ["/", "/auth", "/auth/", "/auth/session", "/auth/session/", "/auth/session/refresh"].map(
    (path) => `sRefreshToken=; Domain=${domain}; Path=${path}; ${EPOCH}`,
  ),
);
const moved = { cookieDomain: "api.example.com", olderCookieDomain: ".example.com" } as const;

const cookies = (name: string, values: readonly (string | undefined)[]) =>
  values.map((value) => `${name}=${value}`).join("; ");
const get = (path: string, ...values: (string | undefined)[]) =>
  send(app.origin, "GET", path, { cookie: cookies("sAccessToken", values) });
const refresh = (values: (string | undefined)[], access: (string | undefined)[] = []) =>
  send(app.origin, "POST", REFRESH, {
    rid: "session",
    cookie: [cookies("sRefreshToken", values), cookies("sAccessToken", access)].filter(Boolean).join("; "),
  });
/** Cookies that are expired, and those that are set, as `name domain`. */
const expired = ({ setCookies }: WireResponse) =>
  setCookies.filter(({ value }) => value === "").map(({ line }) => line);
/** Of an instance whose `cookieDomain` is the API's host. */
const isOurs = (line: string) =>
  /^sAccessToken=; Domain=api\.example\.com; Path=\/;|^sRefreshToken=; Domain=api\.example\.com; Path=\/auth\/session\/refresh;/.test(
    line,
  );
const given = ({ setCookies }: WireResponse) =>
  setCookies.filter(({ value }) => value !== "").map(({ name, domain }) => `${name} ${domain}`);
const uidOf = (response: WireResponse) =>
  (JSON.parse(Buffer.from(response.header("front-token") as string, "base64").toString()) as { uid: string })
    .uid;

async function signIn(userId = "user-1"): Promise<WireClient & { access: string; rt: string }> {
  const client = app.client("header");
  await client.send("POST", "/login", {}, JSON.stringify({ userId }));
  return Object.assign(client, { access: client.accessToken as string, rt: client.refreshToken as string });
}

/** A session with four refresh tokens: reused long ago, retired, current, and its child that nobody has used. */
async function chain(): Promise<{
  reused: string;
  retired: string;
  current: string;
  child: string;
  access: string;
}> {
  const client = await signIn();
  const tokens = [client.rt];
  for (let i = 0; i < 2; i++) {
    await client.refresh();
    await client.send("GET", "/me");
    tokens.push(client.refreshToken as string);
  }
  app.clock.advanceSeconds(31);
  await client
    .copy()
    .refresh()
    .then((response) => tokens.push(response.header("st-refresh-token") as string));
  const [reused = "", retired = "", current = "", child = ""] = tokens;
  return { reused, retired, current, child, access: client.accessToken as string };
}

async function start(options: SessionOptions = {}): Promise<void> {
  app = await startApp({ ...options });
}

describe("two access cookies on get", () => {
  it("[wire D-6, J-32] of one session: the newest wins, in whatever order they come, and the older domain's is expired", async () => {
    for (const options of [{}, moved]) {
      await start(options);
      const { access: older } = await signIn();
      app.clock.advanceSeconds(5);
      const merged = await send(
        app.origin,
        "POST",
        "/merge",
        { authorization: `Bearer ${older}` },
        '{"version":2}',
      );
      const newer = merged.header("st-access-token");
      for (const pair of [
        [older, newer],
        [newer, older],
        [newer, older, newer],
      ]) {
        for (const path of ["/me", "/optional"]) {
          const response = await get(path, ...pair);
          expect([response.status, response.json]).toMatchObject([200, { payload: { version: 2 } }]);
          expect(response.setCookies.map(({ line }) => line)).toEqual(
            options === moved ? [OLDER_ACCESS] : [],
          );
          expect(response.header("front-token")).toBeUndefined();
        }
      }
      await app.close();
    }
    await start();
  });

  it("[wire D-6] a tie in iat goes to the later exp", async () => {
    await start();
    const { access } = await signIn();
    const longer = await resign(app.store, access, {
      payload: { exp: app.clock.wallMs() / 1000 + 3700, a: "longer" },
    });
    for (const pair of [
      [access, longer],
      [longer, access],
    ]) {
      expect((await get("/me", ...pair)).json).toMatchObject({ payload: { a: "longer" } });
    }
  });

  it("[wire D-6] only those that verify count: beside a dead, forged or foreign one the live one is used", async () => {
    await start({ accessTokenValiditySeconds: 60 });
    const client = await signIn();
    app.clock.advanceSeconds(60);
    await client.refresh();
    const access = client.accessToken as string;
    const forged = await resign(app.store, access, { key: foreignKey(), payload: { sub: "attacker" } });
    const forgedDead = await resign(app.store, client.access, {
      key: foreignKey(),
      payload: { sessionHandle: "of-another" },
    });
    for (const other of [client.access, forged, forgedDead, "garbage", ""]) {
      expect((await get("/me", other, access)).json).toMatchObject({ userId: "user-1" });
      expect((await get("/me", access, other)).json).toMatchObject({ userId: "user-1" });
    }
  });

  it("[wire D-6] [sec C-11] a live one beside the user's own, which has expired or was revoked, is not used", async () => {
    for (const isRevoked of [false, true]) {
      await start({ accessTokenValiditySeconds: 60 });
      const { access: own } = await signIn("user-1");
      if (isRevoked) await app.session.revokeAllSessionsForUser("user-1");
      else app.clock.advanceSeconds(60);
      const { access: planted } = await signIn("attacker");
      for (const pair of [
        [own, planted],
        [planted, own],
      ]) {
        for (const path of ["/me", "/optional", "/checked"]) {
          const response = await get(path, ...pair);
          expect([response.status, response.json]).toEqual([401, { message: "try refresh token" }]);
          expect(expired(response)).toContain(`sAccessToken=; Domain=example.com; Path=/; ${EPOCH}`);
        }
      }
      await app.close();
    }
    await start();
  });

  it("[wire D-1, D-6, J-33] [sec C-11] of different sessions, or none alive: refresh, also on optional routes", async () => {
    await start({ accessTokenValiditySeconds: 60, ...moved });
    const [a, b] = [await signIn("a"), await signIn("b")];
    for (const path of ["/me", "/optional"]) {
      const response = await get(path, a.access, b.access);
      expect([response.status, response.json]).toEqual([401, { message: "try refresh token" }]);
      // One of them was planted: a refresh alone would not help where that one's cookie does not reach.
      expect(response.setCookies.map(({ line }) => line)).toEqual(expired(response));
      expect(expired(response)).toContain(OLDER_ACCESS);
      expect(expired(response).filter(isOurs)).toEqual([]);
      expect(response.header("front-token")).toBeUndefined();
    }
    app.clock.advanceSeconds(60);
    for (const path of ["/me", "/optional"]) {
      expect(outcome(await get(path, a.access, b.access))).toBe("401-TRY");
      expect(outcome(await get(path, a.access, "garbage"))).toBe("401-TRY");
    }
  });

  it("[wire D-2, J-34] that are both foreign are no session, and beside a header session they are not looked at", async () => {
    await start(moved);
    expect(outcome(await get("/me", "x", "y"))).toBe("401-KEEP");
    expect(outcome(await get("/optional", "x", "y"))).toBe("none");
    const [a, b] = [await signIn("a"), await signIn("b")];
    const response = await send(app.origin, "GET", "/me", {
      authorization: `Bearer ${a.access}`,
      cookie: cookies("sAccessToken", [b.access, a.access]),
    });
    expect([outcome(response), response.json]).toMatchObject(["session", { userId: "a" }]);
  });
});

describe("two refresh cookies on refresh", () => {
  const PAIRS: [string, string][] = [
    ["child", "current"],
    ["child", "retired"],
    ["child", "reused"],
    ["current", "retired"],
    ["current", "reused"],
  ];
  it.each(PAIRS)(
    "[wire D-7, R-0] [sec C-11] %s beside %s of one session: the better one is used in any order, no theft, the older domain's is expired",
    async (best, other) => {
      for (const reverse of [false, true]) {
        await start(moved);
        const tokens = (await chain()) as Record<string, string>;
        const pair = [tokens[best], tokens[other]];
        const response = await refresh(reverse ? pair.reverse() : pair);
        expect([response.status, response.body]).toEqual([200, "{}"]);
        expect(given(response)).toEqual(["sAccessToken api.example.com", "sRefreshToken api.example.com"]);
        expect(expired(response)).toEqual([OLDER_REFRESH]);
        // The child of the current token is known; only a refresh with the child itself goes beyond it.
        const isKnown = response.cookie("sRefreshToken")?.value === tokens.child;
        expect(isKnown).toBe(best === "current");
        expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
        const next = await refresh([response.cookie("sRefreshToken")?.value]);
        expect(next.status).toBe(200);
        await app.close();
      }
      await start();
    },
  );

  it("[wire D-7] within the grace period the retired token alone beside a dead one still refreshes", async () => {
    await start(moved);
    const client = await signIn();
    await client.refresh();
    await client.send("GET", "/me");
    expect((await refresh([client.rt, "1.dead"])).status).toBe(200);
  });

  it("[sec C-11] theft is possible only if all candidates were reused", async () => {
    await start(moved);
    const { reused, retired, current } = await chain();
    const gone = await signIn("gone");
    await app.session.revokeAllSessionsForUser("gone");
    const besideDead = await refresh([reused, gone.rt]);
    expect([besideDead.status, tokenEffect(besideDead).startsWith("cleared")]).toEqual([401, true]);
    expect((await refresh([current])).status).toBe(200);
    const all = await refresh([reused, retired]);
    expect(all.json).toEqual({ message: "token theft detected" });
    expect((await refresh([current])).status).toBe(401);
  });

  it("[wire D-7] the same token twice is one token", async () => {
    await start(moved);
    const { rt } = await signIn();
    const response = await refresh([rt, rt]);
    expect([response.status, expired(response)]).toEqual([200, [OLDER_REFRESH]]);
  });

  it.each([
    [".example.com", "Domain=.example.com; "],
    ["", ""],
  ])(
    "[wire D-5, D-8, D-11] (design decision 8) of different sessions, with olderCookieDomain %j: 200, all but our own expired, a placeholder front token",
    async (olderCookieDomain, domain) => {
      await start({ cookieDomain: "api.example.com", olderCookieDomain });
      const [a, b] = [await signIn("a"), await signIn("b")];
      app.store.reset();
      const response = await refresh([a.rt, b.rt]);
      expect(response.status).toBe(200);
      const older = `sRefreshToken=; ${domain}Path=/auth/session/refresh; ${EPOCH}`;
      expect(response.setCookies.map(({ line }) => line)).toEqual(expired(response));
      expect(expired(response)).toContain(older);
      expect(expired(response).filter(isOurs)).toEqual([]);
      const nowMs = app.clock.wallMs();
      expect(JSON.parse(Buffer.from(response.header("front-token") as string, "base64").toString())).toEqual({
        uid: expect.stringMatching(/^[ab]$/),
        ate: nowMs - 1000,
        up: { iat: nowMs / 1000 },
      });
      expect(response.header("access-control-expose-headers")).toBe("front-token");
      expect(app.store.writes).toEqual([]);
      const withAccess = await refresh([a.rt, b.rt], [a.access, b.access]);
      expect(expired(withAccess)).toEqual(
        expect.arrayContaining([older, `sAccessToken=; ${domain}Path=/; ${EPOCH}`]),
      );
      expect(expired(withAccess).filter(isOurs)).toEqual([]);
      // The client repeats its request, and its next refresh carries one cookie.
      const second = await refresh([a.rt]);
      expect([second.status, uidOf(second)]).toEqual([200, "a"]);
    },
  );

  it("[wire D-11, W-1] the error is thrown for nothing else, and its handler runs when the headers are set", async () => {
    const seen: unknown[] = [];
    await start({
      ...moved,
      errorHandlers: {
        onClearDuplicateSessionCookies(message, _req, res) {
          seen.push(typeof message, res.getHeader("front-token") !== undefined);
          res.setStatusCode(200);
          return res.sendJSONResponse({ mine: true });
        },
      },
    });
    const [a, b] = [await signIn("a"), await signIn("b")];
    expect((await refresh([a.rt, a.rt])).json).toEqual({});
    expect(seen).toEqual([]);
    const response = await refresh([a.rt, b.rt]);
    expect([response.json, seen]).toEqual([{ mine: true }, ["string", true]]);
    expect(app.session.Error.CLEAR_DUPLICATE_SESSION_COOKIES).toBe("CLEAR_DUPLICATE_SESSION_COOKIES");
  });

  it("[wire D-4, D-9] of different sessions without olderCookieDomain: 200, all but the cookie we set ourselves expired, nothing written", async () => {
    await start();
    const [a, b] = [await signIn("a"), await signIn("b")];
    app.store.reset();
    const response = await refresh([a.rt, b.rt]);
    expect([response.status, given(response), app.foreignErrors]).toEqual([200, [], []]);
    expect(expired(response)).toEqual(PLANTED_REFRESH);
    expect(response.header("front-token")).toBeDefined();
    expect(app.store.writes).toEqual([]);
  });

  it("[wire D-4, D-7] of one session without olderCookieDomain they are resolved all the same (design decision 8)", async () => {
    await start();
    const { child, retired } = await chain();
    const response = await refresh([retired, child]);
    expect([response.status, expired(response)]).toEqual([200, PLANTED_REFRESH]);
  });

  it("[sec C-11] a genuine token planted from another subdomain loses to the session of the access token, live or expired", async () => {
    for (const isExpired of [false, true]) {
      await start({ accessTokenValiditySeconds: 60 });
      const [victim, attacker] = [await signIn("victim"), await signIn("attacker")];
      if (isExpired) app.clock.advanceSeconds(3600);
      for (const pair of [
        [victim.rt, attacker.rt],
        [attacker.rt, victim.rt],
      ]) {
        const response = await refresh(pair, [victim.access]);
        expect([response.status, uidOf(response)]).toEqual([200, "victim"]);
      }
      const forged = await resign(app.store, attacker.access, { key: foreignKey() });
      const undecided = await refresh([victim.rt, attacker.rt], [forged]);
      expect([undecided.status, given(undecided)], "a forged token decides nothing").toEqual([200, []]);
      await app.close();
    }
    await start();
  });

  it("[sec C-11] a planted token that is junk, or of a dead session, is no candidate", async () => {
    await start();
    const [victim, dead] = [await signIn("victim"), await signIn("dead")];
    await app.session.revokeAllSessionsForUser("dead");
    for (const planted of ["junk", "", dead.rt, `${victim.rt.slice(0, -1)}_`]) {
      const response = await refresh([planted, victim.rt]);
      expect([response.status, uidOf(response)]).toEqual([200, "victim"]);
    }
  });

  it("[wire D-3] with the policy `header` cookies are not looked at", async () => {
    await start({
      getTokenTransferMethod: ({ forCreateNewSession }) => (forCreateNewSession ? "any" : "header"),
      ...moved,
    });
    const [a, b, c] = [await signIn("a"), await signIn("b"), await signIn("c")];
    const cookie = cookies("sRefreshToken", [a.rt, b.rt]);
    const none = await send(app.origin, "POST", REFRESH, { cookie });
    expect([none.status, tokenEffect(none)]).toEqual([401, CLEARED_ALL]);
    const byHeader = await send(app.origin, "POST", REFRESH, { cookie, authorization: `Bearer ${c.rt}` });
    expect([byHeader.status, uidOf(byHeader)]).toEqual([200, "c"]);
  });

  it("[wire D-10] two access cookies beside one refresh cookie: an ordinary refresh that expires the older one", async () => {
    await start(moved);
    const [a, b] = [await signIn("a"), await signIn("b")];
    const response = await refresh([a.rt], [a.access, b.access]);
    expect([response.status, uidOf(response)]).toEqual([200, "a"]);
    // The other one was planted, so all that is not ours goes.
    expect(expired(response)).toEqual([
      OLDER_ACCESS,
      `sAccessToken=; Domain=example.com; Path=/; ${EPOCH}`,
      `sAccessToken=; Path=/; ${EPOCH}`,
    ]);
    await app.close();
    await start({ appInfo: APP_INFO });
    const c = await signIn("c");
    const plain = await refresh([c.rt], [c.access, "x"]);
    expect([plain.status, expired(plain)]).toEqual([
      200,
      ["example.com", "api.example.com"].map((domain) => `sAccessToken=; Domain=${domain}; Path=/; ${EPOCH}`),
    ]);
  });
});
