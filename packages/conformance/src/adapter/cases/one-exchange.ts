import assert from "node:assert/strict";
import { Agent } from "node:http";
import type { AdapterCase } from "../adapter-case.js";
import { assertNewAccessToken, assertNewTokens, assertUntouched, sessionIn } from "../expectations.js";
import { WireClient } from "../wire-client.js";

/** Several calls in one request, and several requests at once. */
export const oneExchangeCases: readonly AdapterCase[] = [
  {
    id: "C-30",
    isTier1: true,
    title: "a guard, five concurrent calls and a last one verify once and share one session",
    options: { countsVerifications: true },
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const response = await user.get("/many");
      const { handles, areOneObject } = response.json as { handles: string[]; areOneObject: boolean };
      assert.deepEqual([handles.length, new Set(handles).size, areOneObject], [7, 1, true]);
      const { verifications, storeReads } = await probe.snapshot();
      assert.deepEqual([verifications, storeReads], [1, 0]);
      await user.refresh();
      await probe.reset();
      assert.equal((await user.get("/many")).status, 200);
      const afterRefresh = await probe.snapshot();
      assert.equal(afterRefresh.verifications, 1);
      assert.ok(afterRefresh.storeReads <= 1, `${afterRefresh.storeReads} reads`);
    },
  },
  {
    id: "C-31",
    title: "what a request has created or changed, it sees",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const changed = await user.post("/merge-then-get", {});
      assert.equal(sessionIn(changed).payload.merged, true);
      assertNewAccessToken(changed);
      const created = (await user.post("/create-then-get", {})).json as { created: string; found: string };
      assert.equal(created.found, created.created);
      assert.notEqual(created.created, sessionIn(changed).handle);
    },
  },
  {
    id: "C-35",
    isTier1: true,
    title: "a login that the application refuses in its transaction leaves who was signed in signed in",
    async run({ client }) {
      for (const mode of ["cookie", "header"] as const) {
        const user = client(mode);
        await user.login("user-1");
        const refused = await user.post("/login-refused", {});
        assert.equal(sessionIn(refused).userId, "user-1");
        for (const name of ["app-before", "app-inside", "app-after"])
          assert.equal(refused.cookies(name).length, 1, name);
        for (const name of ["sAccessToken", "sRefreshToken"]) assert.deepEqual(refused.cookies(name), []);
        for (const name of ["front-token", "st-access-token", "st-refresh-token"])
          assert.deepEqual(refused.all(name), [], name);
        assert.equal(sessionIn(await user.get("/whoami")).userId, "user-1");
        await user.refresh();
        assert.equal(sessionIn(await user.get("/whoami")).userId, "user-1");
        const stranger = client(mode);
        assert.equal((await stranger.post("/login-refused", {})).json, null);
        assert.equal((await stranger.get("/whoami")).status, 401);
      }
    },
  },
  {
    id: "C-33",
    isTier1: true,
    title:
      "an answer that the application gives to two visitors carries no tokens of the first to the second",
    async run({ client }) {
      const alice = client();
      for (const answer of [await alice.login("alice", { mode: "shared" }), await alice.refresh()])
        assertNewTokens(answer);
      const stranger = await client().get("/shared");
      assert.equal(stranger.status, 204);
      assertUntouched(stranger);
      assert.equal(sessionIn(await alice.get("/whoami")).userId, "alice");
      const bob = client();
      assertNewTokens(await bob.login("bob", { mode: "shared" }));
      assert.equal(sessionIn(await bob.get("/whoami")).userId, "bob");
      assertUntouched(await client().get("/shared"));
    },
  },
  {
    id: "C-34",
    isTier1: true,
    title: "an error object that is thrown for two visitors carries no tokens of the first to the second",
    mayWarn: true,
    async run({ client }) {
      const alice = client();
      await alice.login("alice");
      const failed = await alice.post("/merge", { patch: { a: 1 }, andThen: "throw-shared" });
      assert.equal(failed.status, 500);
      const stranger = await client().get("/shared-error");
      assert.equal(stranger.status, 500);
      assertUntouched(stranger);
    },
  },
  {
    id: "C-32",
    title: "200 interleaved requests of four users on kept-alive sockets never mix",
    async run({ base }) {
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      try {
        const users = await Promise.all(
          ["a", "b", "c", "d"].map(async (userId) => {
            const user = new WireClient(base, "cookie", agent);
            await user.login(userId);
            return { userId, user };
          }),
        );
        const requests = Array.from({ length: 200 }, async (_, index) => {
          const { userId, user } = users[index % 4] as (typeof users)[number];
          const isMerge = index % 3 === 0;
          const response = isMerge
            ? await user.post("/merge", { patch: { index } })
            : await user.get(index % 2 === 0 ? "/whoami" : "/guarded");
          assert.equal(sessionIn(response).userId, userId);
          if (!isMerge) return assert.deepEqual(response.setCookies, []);
          assertNewAccessToken(response);
          const [, payload = ""] = (response.cookies("sAccessToken")[0]?.value ?? "").split(".");
          const { sub } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as { sub: string };
          return assert.equal(sub, userId);
        });
        await Promise.all(requests);
      } finally {
        agent.destroy();
      }
    },
  },
];
