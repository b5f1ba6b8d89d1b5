import assert from "node:assert/strict";
import type { AdapterCase } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import { assertAnswer, assertUntouched, sessionIn } from "../expectations.js";
import { EDITOR } from "../fixture-app.js";
import { optionForms } from "../option-forms.js";
import { isClearing } from "../set-cookie.js";
import { exchange, pathBelow } from "../wire-request.js";

const HOUR_MS = 3_600_000;
const COUNTED = { countsVerifications: true };
const HOSTILE_BEFORE = 'x=j:{"a":1}; =v; flag; q="a b"';
const HOSTILE_AFTER = 'p=%E0%A4%A; eq=a=b==; g_state={"i_l":0}';

/** Finding and judging a token. */
export const verifyCases: readonly AdapterCase[] = [
  {
    id: "C-90",
    isTier1: true,
    title: "a guard with `roles` or `permissions` lets only those in who have them",
    async run({ client, probe }) {
      const [editor, other] = [client(), client()];
      await editor.login(EDITOR);
      await other.login("user-1");
      await probe.reset();
      for (const path of ["/editors-by-roles", "/editors-by-permissions"]) {
        assert.equal((await client().get(path)).status, 401);
        assert.equal((await other.get(path)).status, 403);
        assert.equal((await probe.snapshot()).handlerRuns.editors, undefined);
      }
      assert.equal(sessionIn(await editor.get("/editors-by-roles")).userId, EDITOR);
      assert.equal(sessionIn(await editor.get("/editors-by-permissions")).userId, EDITOR);
    },
  },
  {
    id: "C-91",
    isTier1: true,
    mayWarn: true,
    title: "an option that is misspelt lets nobody in",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      // A function that throws is a 502 of its gateway.
      assert.ok((await user.get("/misspelt")).status >= 500);
    },
  },
  {
    id: "C-92",
    isTier1: true,
    title:
      "options that are inherited, getters of a class, frozen or behind a proxy let in whom plain ones let in",
    async run({ client, probe }) {
      const [editor, other] = [client(), client()];
      await editor.login(EDITOR);
      await other.login("user-1");
      await probe.reset();
      for (const form of Object.keys(optionForms({}))) {
        for (const path of [`/editors-by-${form}`, `/editors-asked-by-${form}`]) {
          assert.equal((await client().get(path)).status, 401, path);
          assert.equal((await other.get(path)).status, 403, path);
          assert.equal((await probe.snapshot()).handlerRuns.editors, undefined);
        }
      }
      for (const form of Object.keys(optionForms({}))) {
        assert.equal(sessionIn(await editor.get(`/editors-by-${form}`)).userId, EDITOR);
        assert.equal(sessionIn(await editor.get(`/editors-asked-by-${form}`)).userId, EDITOR);
      }
    },
  },
  {
    id: "C-01",
    isTier1: true,
    title: "a route that asks for no session costs nothing and says nothing, with cookies and without",
    options: COUNTED,
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      for (const response of [await client().get("/public"), await user.get("/public")]) {
        assert.deepEqual(response.json, { ok: true });
        assertUntouched(response);
        assert.equal(response.header("cache-control")?.includes("no-store") ?? false, false);
      }
      const { verifications, storeReads, storeWrites } = await probe.snapshot();
      assert.deepEqual(
        { verifications, storeReads, storeWrites },
        { verifications: 0, storeReads: 0, storeWrites: 0 },
      );
    },
  },
  {
    id: "C-02",
    isTier1: true,
    title: "without a token a guarded route answers 401, and its handler does not run",
    async run({ client, probe }) {
      for (const path of ["/guarded", "/whoami"]) {
        const response = await client().get(path);
        assertAnswer(response, canonicalAnswers.unauthorised);
        assertUntouched(response);
      }
      assert.equal((await probe.snapshot()).handlerRuns.guarded, undefined);
    },
  },
  {
    id: "C-03",
    isTier1: true,
    title:
      "a valid token, in the cookie or as Bearer, is verified once, without the store, and nothing is sent back",
    options: COUNTED,
    async run({ client, probe }) {
      for (const mode of ["cookie", "header"] as const) {
        const user = client(mode);
        await user.login(`user-${mode}`);
        for (const path of ["/guarded", "/whoami"]) {
          await probe.reset();
          const response = await user.get(path);
          assert.equal(sessionIn(response).userId, `user-${mode}`);
          assertUntouched(response);
          const { verifications, storeReads, storeWrites } = await probe.snapshot();
          assert.deepEqual([verifications, storeReads, storeWrites], [1, 0, 0]);
        }
      }
    },
  },
  {
    id: "C-04",
    title: "names of request headers count in any case",
    async run({ client, base }) {
      const byCookie = client();
      await byCookie.login("user-1");
      const byHeader = client("header");
      await byHeader.login("user-2");
      const odd = [
        { cOOkie: byCookie.cookieHeader() ?? "" },
        { AUTHORIZATION: `Bearer ${byHeader.accessToken ?? ""}` },
      ];
      for (const headers of odd) {
        sessionIn(await exchange({ method: "GET", url: `${base}/whoami`, headers }));
      }
    },
  },
  {
    id: "C-05",
    title: "an expired token asks for a refresh and clears nothing",
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.advanceMs(2 * HOUR_MS);
      for (const path of ["/guarded", "/whoami"]) {
        const response = await user.get(path);
        assertAnswer(response, canonicalAnswers.tryRefreshToken);
        assertUntouched(response);
      }
    },
  },
  {
    id: "C-06",
    title: "a token with a wrong signature, cut off, of another algorithm, or 8 KB of garbage is a 401",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const token = user.cookie("sAccessToken");
      const [, payload, signature] = token.split(".");
      const none = Buffer.from('{"alg":"none","typ":"JWT","kid":"d-1","version":"5"}').toString("base64url");
      const wrong = [
        `${token.slice(0, -8)}AAAAAAAA`,
        token.slice(0, -20),
        token.slice(0, 40),
        `${none}.${payload}.`,
        `${none}.${payload}.${signature}`,
        "g".repeat(8192),
        "..",
        "a.b.c",
      ];
      for (const value of wrong) {
        const cookie = await exchange({
          method: "GET",
          url: `${base}/guarded`,
          headers: { cookie: `sAccessToken=${value}` },
        });
        const bearer = await exchange({
          method: "GET",
          url: `${base}/guarded`,
          headers: { authorization: `Bearer ${value}` },
        });
        for (const response of [cookie, bearer]) {
          assert.equal(response.status, 401, value.slice(0, 40));
          assertUntouched(response);
        }
      }
    },
  },
  {
    id: "C-07",
    isTier1: true,
    title:
      "on an optional route no token is null, a valid one the session, an expired one a 401 that asks for a refresh",
    async run({ client, probe }) {
      const user = client();
      assert.equal((await user.get("/guarded-optional")).json, null);
      await user.login("user-1");
      assert.equal(sessionIn(await user.get("/guarded-optional")).userId, "user-1");
      await probe.advanceMs(2 * HOUR_MS);
      const expired = await user.get("/guarded-optional");
      assertAnswer(expired, canonicalAnswers.tryRefreshToken);
      assertUntouched(expired);
    },
  },
  {
    id: "C-08",
    isTier1: true,
    title: "a claim that a route asks for decides between 403 and 200; the 403 clears nothing",
    async run({ client }) {
      const user = client();
      await user.login("user-1", { payload: { role: "user" } });
      const refused = await user.get("/admin");
      assertAnswer(refused, canonicalAnswers.roleIsMissing);
      assertUntouched(refused);
      const admin = client();
      await admin.login("user-2", { payload: { role: "admin" } });
      assert.equal(sessionIn(await admin.get("/admin")).userId, "user-2");
    },
  },
  {
    id: "C-09",
    title:
      "an override gets the global validators, the session and the context; what it throws is the application's error",
    mayWarn: true,
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      const empty = await user.get("/override?case=empty");
      assert.deepEqual(empty.json, { userId: "user-1", seen: [true, "user-1", "object"] });
      await probe.reset();
      assert.equal((await user.get("/override?case=throw")).status, 500);
      assert.deepEqual((await probe.snapshot()).foreignErrors, ["same"]);
    },
  },
  {
    id: "C-10",
    title: "odd and broken cookies of others do not hide ours",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const cookie = `${HOSTILE_BEFORE}; ${user.cookieHeader()}; ${HOSTILE_AFTER}`;
      for (const path of ["/guarded", "/whoami"]) {
        sessionIn(await exchange({ method: "GET", url: base + path, headers: { cookie } }));
      }
    },
  },
  {
    id: "C-11",
    title: "cookies whose names begin or end like ours are not ours",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const cookie = `sAccessTokenX=1; XsAccessToken=2; sAccess=3; ${user.cookieHeader()}`;
      sessionIn(await exchange({ method: "GET", url: `${base}/whoami`, headers: { cookie } }));
      const without = { cookie: "sAccessTokenX=1; XsAccessToken=2; sAccess=3" };
      const response = await exchange({ method: "GET", url: `${base}/whoami`, headers: without });
      assertAnswer(response, canonicalAnswers.unauthorised);
    },
  },
  {
    id: "C-12",
    title:
      "of two access cookies of one session the newer counts, and the one of the older domain is expired",
    options: { session: { cookieDomain: ".example.com", olderCookieDomain: "api.example.com" } },
    async run({ client, probe, base }) {
      const user = client();
      await user.login("user-1");
      const older = user.cookie("sAccessToken");
      await probe.advanceMs(5000);
      await user.post("/merge", { patch: { newer: true } });
      const newer = user.cookie("sAccessToken");
      const cookie = `sAccessToken=${older}; sAccessToken=${newer}`;
      const response = await exchange({ method: "GET", url: `${base}/whoami`, headers: { cookie } });
      assert.equal(sessionIn(response).payload.newer, true);
      const [line, ...more] = response.setCookies;
      assert.deepEqual(
        [line?.name, line?.domain, line?.value, more.length],
        ["sAccessToken", "api.example.com", "", 0],
      );
    },
  },
  {
    id: "C-13",
    title:
      "of the access cookies of two sessions none counts, the user's own expired or not; all are expired that can have been planted, at the path that was asked for",
    rows: ["sec C-11"],
    async run({ client, probe, base }) {
      const [user, stranger] = [client(), client()];
      await user.login("user-1");
      const own = user.cookie("sAccessToken");
      for (const passedMs of [0, 2 * HOUR_MS]) {
        await probe.advanceMs(passedMs);
        await stranger.login("stranger");
        const planted = stranger.cookie("sAccessToken");
        for (const path of ["/guarded", "/guarded-optional", "/whoami?planted=1"]) {
          const cookie = `sAccessToken=${planted}; sAccessToken=${own}`;
          const response = await exchange({ method: "GET", url: base + path, headers: { cookie } });
          assert.equal(response.status, 401, path);
          const lines = response.cookies("sAccessToken");
          assert.deepEqual(lines.filter(isClearing), lines);
          const places = lines.map((line) => `${line.domain} ${line.path}`);
          const asked = pathBelow(base, path.split("?", 1)[0] as string);
          for (const domain of ["example.com", "api.example.com"]) {
            assert.ok(places.includes(`${domain} ${asked}`), `${domain} ${asked}: ${places}`);
          }
          assert.ok(places.includes("example.com /"));
          assert.ok(!places.includes("undefined /"), "our own is taken away");
        }
      }
    },
  },
];
