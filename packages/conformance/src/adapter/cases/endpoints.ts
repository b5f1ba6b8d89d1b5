import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { AdapterCase } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import {
  assertAnswer,
  assertCleared,
  assertNewTokens,
  assertUntouched,
  sessionIn,
  tokensOf,
} from "../expectations.js";
import { exchange, pathBelow } from "../wire-request.js";

const MINUTE_MS = 60_000;
const JSON_TYPE = { "content-type": "application/json" };

/** Every shape in which clients, proxies and test tools send a refresh; none of them means anything. */
const REFRESH_SHAPES: readonly [string, Record<string, string>, string | Buffer | undefined][] = [
  ["no body", {}, undefined],
  ["an empty JSON body", { ...JSON_TYPE, "content-length": "0" }, undefined],
  ["a chunked empty JSON body", { ...JSON_TYPE, "transfer-encoding": "chunked" }, undefined],
  ["a form", { "content-type": "application/x-www-form-urlencoded" }, "a=b&c=d"],
  ["a media type nobody knows", { "content-type": "text/weird" }, "hello"],
  ["malformed JSON", JSON_TYPE, '{"a":'],
  ["gzip-encoded JSON", { ...JSON_TYPE, "content-encoding": "gzip" }, gzipSync("{}")],
];

/** Refresh, sign-out, JWKS, and where they stand. */
export const endpointCases: readonly AdapterCase[] = [
  {
    id: "C-50",
    isTier1: true,
    title: "a refresh rotates both tokens; the old access token goes on until it expires",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const older = user.copy();
      const response = await user.refresh();
      assertAnswer(response, canonicalAnswers.refreshed);
      assertNewTokens(response);
      assert.notEqual(user.cookie("sRefreshToken"), older.cookie("sRefreshToken"));
      const { handle } = sessionIn(await user.get("/whoami"));
      assert.equal(sessionIn(await older.get("/whoami")).handle, handle);
    },
  },
  {
    id: "C-51",
    isTier1: true,
    title: "a refresh works whatever stands in its body",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      for (const [shape, headers, body] of REFRESH_SHAPES) {
        const response = await user.refresh(headers, body);
        assert.deepEqual([shape, response.status, response.body], [shape, 200, "{}"]);
        assertNewTokens(response);
      }
    },
  },
  {
    id: "C-52",
    title: "a refresh without a token, with garbage, or with a stolen token is a 401 that clears",
    rows: ["wire P-9"],
    async run({ client, probe }) {
      for (const headers of [{}, { cookie: "sRefreshToken=garbage" }, { authorization: "Bearer garbage" }]) {
        const response = await client().refresh(headers);
        assertAnswer(response, canonicalAnswers.unauthorised);
        assertCleared(response);
      }
      const user = client();
      await user.login("user-1");
      const thief = user.copy();
      await user.refresh();
      await user.get("/whoami");
      await probe.advanceMs(MINUTE_MS);
      const reused = await thief.refresh();
      assertAnswer(reused, canonicalAnswers.tokenTheftDetected);
      assertCleared(reused);
      assertAnswer(await user.refresh(), canonicalAnswers.unauthorised);
    },
  },
  {
    id: "C-53",
    title: "ten refreshes at once with one token give one and the same successor",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const tabs = Array.from({ length: 10 }, () => user.copy());
      const responses = await Promise.all(tabs.map((tab) => tab.refresh()));
      assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
      assert.equal(new Set(tabs.map((tab) => tab.cookie("sRefreshToken"))).size, 1);
      for (const tab of tabs) assert.equal((await tab.get("/whoami")).status, 200);
    },
  },
  {
    id: "C-54",
    title: "signing out clears, twice as well as once; without a session it is a 401 that touches nothing",
    rows: ["wire P-10"],
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const tab = user.copy();
      for (const one of [user, tab]) {
        const response = await one.send("POST", "/auth/signout");
        assertAnswer(response, canonicalAnswers.signedOut);
        assertCleared(response);
      }
      const response = await user.send("POST", "/auth/signout");
      assertAnswer(response, canonicalAnswers.unauthorised);
      assertUntouched(response);
      assertAnswer(await tab.refresh(), canonicalAnswers.unauthorised);
    },
  },
  {
    id: "C-55",
    title: "the keys are public and cacheable",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const response = await user.get("/auth/jwt/jwks.json");
      assert.ok((response.json as { keys: unknown[] }).keys.length > 0);
      assert.ok(tokensOf(response.header("cache-control")).includes("public"));
      assert.equal(response.header("access-control-allow-origin"), "*");
      assertUntouched(response);
      const etag = response.header("etag") ?? '"none"';
      const again = await user.get("/auth/jwt/jwks.json", { "if-none-match": etag });
      assert.ok(again.status === 200 || again.status === 304, `${again.status}`);
      const head = await user.send("HEAD", "/auth/jwt/jwks.json");
      assert.deepEqual([head.status, head.body], [200, ""]);
      assert.ok(tokensOf(head.header("cache-control")).includes("public"));
      const discovery = await user.get("/auth/.well-known/openid-configuration");
      assert.match((discovery.json as { jwks_uri: string }).jwks_uri, /\/jwt\/jwks\.json$/);
    },
  },
  {
    id: "C-56",
    title: "other methods and other paths beside our endpoints belong to the application",
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const strangers = [
        ["GET", "/auth/session/refresh"],
        ["DELETE", "/auth/signout"],
        ["PUT", "/auth/session/refresh"],
        ["GET", "/auth/nothing-here"],
        ["GET", "/auth"],
      ] as const;
      for (const [method, path] of strangers) {
        const response = await user.send(method, path);
        assert.ok([404, 405].includes(response.status), `${method} ${path}: ${response.status}`);
        assertUntouched(response);
      }
      assert.deepEqual((await user.get("/auth/app-owned")).json, { appOwned: true });
      const { storeReads, storeWrites } = await probe.snapshot();
      assert.deepEqual([storeReads, storeWrites], [0, 0]);
    },
  },
  {
    id: "C-57",
    title: "a trailing slash and a query are ours; an encoded or doubled slash and another case are not",
    rows: ["sec D-08"],
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      for (const path of [
        "/auth/session/refresh/",
        "/auth/session/refresh?a=b",
        "/auth/session/refresh/?a=b",
      ]) {
        const response = await user.send("POST", path);
        assertAnswer(response, canonicalAnswers.refreshed);
      }
      await probe.reset();
      const cookie = user.cookieHeader(true);
      for (const path of ["/auth/session%2Frefresh", "/auth//session/refresh", "/AUTH/session/refresh"]) {
        const response = await user.send("POST", path, { cookie });
        // A host may tidy the path up by a redirect (Next does): the endpoint is not run.
        assert.ok([308, 404, 405].includes(response.status), `${path}: ${response.status}`);
        assertUntouched(response);
      }
      assert.equal((await probe.snapshot()).storeReads, 0);
    },
  },
  {
    id: "C-58",
    title: "below a prefix everything stands below it: endpoints, cookie paths, guards",
    needs: "prefix",
    options: { prefix: "/api/v1" },
    async run({ client, base }) {
      const user = client();
      const login = await user.login("user-1");
      assert.equal(login.cookies("sRefreshToken")[0]?.path, pathBelow(base, "/auth/session/refresh"));
      assert.equal(sessionIn(await user.get("/guarded")).userId, "user-1");
      assertAnswer(await user.refresh(), canonicalAnswers.refreshed);
      assertAnswer(await client().get("/guarded"), canonicalAnswers.unauthorised);
      const outside = await exchange({
        method: "POST",
        url: `${new URL(base).origin}/auth/session/refresh`,
        headers: { cookie: user.cookieHeader(true) },
      });
      assert.equal(outside.status, 404);
    },
  },
];
