import assert from "node:assert/strict";
import type { AdapterCase } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import {
  assertAnswer,
  assertNewAccessToken,
  assertNewTokens,
  assertUntouched,
  tokensOf,
} from "../expectations.js";
import { WEBSITE_ORIGIN } from "../fixture-app.js";

const CORS_HEADERS = ["rid", "fdi-version", "anti-csrf", "authorization", "st-auth-mode"];

/** Methods, CORS and cross-site requests. */
export const crossSiteCases: readonly AdapterCase[] = [
  {
    id: "C-60",
    title:
      "with a custom header asked for, a POST by cookie needs it; GET, HEAD and a token in a header do not",
    needs: "all-route",
    options: { session: { antiCsrf: "VIA_CUSTOM_HEADER" } },
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      for (const method of ["POST", "PUT", "DELETE"]) {
        const response = await user.send(method, "/all", { rid: undefined });
        assertAnswer(response, canonicalAnswers.tryRefreshToken);
      }
      assert.equal((await probe.snapshot()).handlerRuns.all, undefined);
      assert.equal((await user.send("POST", "/all")).status, 200);
      for (const method of ["GET", "HEAD"]) {
        assert.equal((await user.send(method, "/all", { rid: undefined })).status, 200, method);
      }
      const byHeader = client("header");
      await byHeader.login("user-2");
      assert.equal((await byHeader.send("POST", "/all", { rid: undefined })).status, 200);
    },
  },
  {
    id: "C-61",
    title: "HEAD on a guarded route is guarded as GET is, gets the same cookies, and has no body",
    needs: "head",
    async run({ client }) {
      const anonymous = await client().send("HEAD", "/guarded");
      assert.deepEqual([anonymous.status, anonymous.body], [401, ""]);
      const user = client();
      await user.login("user-1");
      const response = await user.send("HEAD", "/guarded");
      assert.deepEqual([response.status, response.body], [200, ""]);
      assertUntouched(response);
      await user.refresh();
      assertNewAccessToken(await user.send("HEAD", "/guarded"));
    },
  },
  {
    id: "C-62",
    title: "a preflight to a guarded route is answered by the host's CORS layer, before the guard",
    needs: "cors",
    options: { corsOrigin: WEBSITE_ORIGIN, countsVerifications: true },
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const asked = [
        ["/guarded", "GET"],
        ["/auth/session/refresh", "POST"],
      ] as const;
      for (const [path, method] of asked) {
        const response = await client().send("OPTIONS", path, {
          origin: WEBSITE_ORIGIN,
          "access-control-request-method": method,
          "access-control-request-headers": CORS_HEADERS.join(","),
        });
        assert.ok(response.status >= 200 && response.status < 300, `${path}: ${response.status}`);
        assert.equal(response.header("access-control-allow-origin"), WEBSITE_ORIGIN);
        assert.equal(response.header("access-control-allow-credentials"), "true");
        const allowed = tokensOf(response.header("access-control-allow-headers"));
        for (const name of CORS_HEADERS) assert.ok(allowed.includes(name), name);
      }
      const { verifications, handlerRuns } = await probe.snapshot();
      assert.deepEqual([verifications, handlerRuns], [0, {}]);
      const login = await user.post("/login", { userId: "user-2" }, { origin: WEBSITE_ORIGIN });
      assertNewTokens(login);
      assert.equal(login.header("access-control-allow-origin"), WEBSITE_ORIGIN);
      const refused = await client().get("/guarded", { origin: WEBSITE_ORIGIN });
      assertAnswer(refused, canonicalAnswers.unauthorised);
      assert.equal(refused.header("access-control-allow-origin"), WEBSITE_ORIGIN);
    },
  },
  {
    id: "C-63",
    isTier1: true,
    title: "without a CORS layer OPTIONS is guarded: the handler of a route for every method does not run",
    needs: "all-route",
    async run({ client, probe }) {
      assertAnswer(await client().send("OPTIONS", "/all"), canonicalAnswers.unauthorised);
      assertAnswer(await client().send("POST", "/all"), canonicalAnswers.unauthorised);
      assert.equal((await probe.snapshot()).handlerRuns.all, undefined);
    },
  },
  {
    id: "C-64",
    title: "headers that the application exposes, and what it varies by, stay and are not repeated",
    rows: ["sec C-14"],
    async run({ client }) {
      const response = await client().login("user-1", { mode: "own-headers" });
      const exposed = tokensOf(response.header("access-control-expose-headers"));
      assert.deepEqual(exposed.filter((token) => token === "front-token").length, 1);
      assert.ok(exposed.includes("x-app"));
      assert.equal(new Set(exposed).size, exposed.length);
      const varies = tokensOf(response.all("vary").join(","));
      assert.equal(varies.filter((token) => token === "accept-language").length, 1);
    },
  },
];
