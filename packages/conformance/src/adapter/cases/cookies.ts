import assert from "node:assert/strict";
import type { AdapterCase } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import {
  assertAnswer,
  assertCleared,
  assertNewAccessToken,
  assertNewTokens,
  sessionIn,
  tokensOf,
} from "../expectations.js";
import { identityOf, isClearing } from "../set-cookie.js";
import { pathBelow } from "../wire-request.js";

/** Handing tokens out and taking them away. */
export const cookieCases: readonly AdapterCase[] = [
  {
    id: "C-20",
    isTier1: true,
    title: "a login sends both cookies with their attributes, the front token, and forbids caching",
    rows: ["sec A-02", "sec C-08"],
    async run({ client, base }) {
      const response = await client().login("user-1");
      assert.equal(response.status, 200);
      assertNewTokens(response);
      assert.deepEqual(
        response.setCookies.map(({ name, path, domain }) => [name, path, domain]),
        [
          ["sAccessToken", "/", undefined],
          ["sRefreshToken", pathBelow(base, "/auth/session/refresh"), undefined],
        ],
      );
      const byHeader = await client("header").login("user-1");
      assert.deepEqual(byHeader.setCookies, []);
      for (const name of ["front-token", "st-access-token", "st-refresh-token"]) {
        assert.ok(byHeader.header(name), name);
        assert.ok(tokensOf(byHeader.header("access-control-expose-headers")).includes(name), name);
      }
    },
  },
  {
    id: "C-21",
    isTier1: true,
    title: "cookies that the application sets before and after ours are all sent, each once",
    rows: ["sec A-02", "sec C-07"],
    async run({ client }) {
      const response = await client().login("user-1", { mode: "own-cookies" });
      assertNewTokens(response);
      assert.deepEqual(response.setCookies.map(({ name }) => name).sort(), [
        "app-after",
        "app-before",
        "sAccess",
        "sAccessToken",
        "sRefreshToken",
      ]);
    },
  },
  {
    id: "C-22",
    isTier1: true,
    title: "a payload changed three times in one request is sent once, with the last value",
    rows: ["sec C-07"],
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const response = await user.post("/merge", { patch: { plan: "pro" }, times: 3 });
      assertNewAccessToken(response);
      const { payload } = sessionIn(await user.get("/whoami"));
      assert.deepEqual([payload.plan, payload.time], ["pro", 3]);
    },
  },
  {
    id: "C-23",
    title: "logging out clears with the same attributes that were set",
    async run({ client }) {
      const user = client();
      const login = await user.login("user-1");
      const response = await user.post("/logout", {});
      assertCleared(response);
      assert.deepEqual(response.setCookies.map(identityOf), login.setCookies.map(identityOf));
    },
  },
  {
    id: "C-24",
    title: "a cookie is cleared on its old domain and set on its new one in one response",
    options: { session: { cookieDomain: ".example.com", olderCookieDomain: "api.example.com" } },
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const token = user.cookie("sRefreshToken");
      const response = await user.refresh({ cookie: `sRefreshToken=${token}; sRefreshToken=${token}` });
      assert.equal(response.status, 200);
      const lines = response.cookies("sRefreshToken");
      const on = (domain: string) => lines.filter((cookie) => cookie.domain?.replace(/^\./, "") === domain);
      assert.equal(lines.length, 2);
      assert.deepEqual(on("api.example.com").map(isClearing), [true]);
      assert.deepEqual(on("example.com").map(isClearing), [false]);
    },
  },
  {
    id: "C-25",
    title: "Secure comes from the configuration: it is sent over plain HTTP too, and no host vetoes it",
    options: { session: { cookieSecure: true } },
    async run({ client }) {
      const response = await client().login("user-1");
      assert.equal(response.status, 200);
      assert.deepEqual(
        response.setCookies.map(({ secure }) => secure),
        [true, true],
      );
    },
  },
  {
    id: "C-26",
    title: "the tokens ride on a redirect and on a 204",
    async run({ client }) {
      const redirect = await client().login("user-1", { mode: "redirect" });
      assert.ok(redirect.status === 302 || redirect.status === 303, `${redirect.status}`);
      assert.match(redirect.header("location") ?? "", /\/public$/);
      assertNewTokens(redirect);
      const empty = await client().login("user-1", { mode: "empty" });
      assert.deepEqual([empty.status, empty.body], [204, ""]);
      assertNewTokens(empty);
    },
  },
  {
    id: "C-27",
    isTier1: true,
    title: "the new token is sent although the handler then fails with an error of its own",
    needs: "foreign-throw-cookies",
    mayWarn: true,
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const response = await user.post("/merge", { patch: { plan: "pro" }, andThen: "throw-foreign" });
      assert.equal(response.status, 500);
      assertNewAccessToken(response);
      assert.deepEqual((await probe.snapshot()).foreignErrors, ["same"]);
      assert.equal(sessionIn(await user.get("/whoami")).payload.plan, "pro");
    },
  },
  {
    id: "C-28",
    title: "when the application says UNAUTHORISED after a change, only the clearing lines are sent",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const response = await user.post("/merge", { patch: { plan: "pro" }, andThen: "throw-unauthorised" });
      assertAnswer(response, canonicalAnswers.unauthorised);
      assertCleared(response);
    },
  },
];
