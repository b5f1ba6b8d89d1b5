import assert from "node:assert/strict";
import type { AdapterCase } from "../adapter-case.js";
import { assertNewAccessToken, assertUntouched, sessionIn } from "../expectations.js";
import { open, start } from "../wire-request.js";

/** Responses that take their time, and clients that do not wait. */
export const streamCases: readonly AdapterCase[] = [
  {
    id: "C-70",
    title: "a stream starts with our cookie in its head, and each piece arrives before the next is made",
    needs: "stream",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const url = `${base}/stream?merge=1`;
      const stream = await open({ method: "GET", url, headers: user.headersFor("/stream") });
      assert.equal(stream.head.status, 200);
      assertNewAccessToken(stream.head);
      assert.equal(await stream.next(), "one\n");
      await client().post("/gate", {});
      assert.equal(await stream.next(), "two\n");
      await client().post("/gate", {});
      assert.equal(await stream.next(), "three\n");
      assert.equal(await stream.next(), undefined);
    },
  },
  {
    id: "C-71",
    title: "a change after the first piece is refused before anything is stored, and the stream goes on",
    rows: ["sec A-05"],
    needs: "stream",
    mayWarn: true,
    async run({ client, base, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const url = `${base}/stream?late=1`;
      const stream = await open({ method: "GET", url, headers: user.headersFor("/stream") });
      assert.equal(await stream.next(), "one\n");
      await client().post("/gate", {});
      assert.equal(await stream.next(), "two\n");
      const { developerErrors, storeWrites } = await probe.snapshot();
      assert.deepEqual([developerErrors, storeWrites], [["RESPONSE_COMMITTED"], 0]);
      await client().post("/gate", {});
      assert.equal(await stream.next(), "three\n");
      assert.equal(await stream.next(), undefined);
      assert.equal("late" in sessionIn(await user.get("/whoami")).payload, false);
    },
  },
  {
    id: "C-72",
    title: "a client that goes away while its session is being judged harms nobody",
    needs: "abort",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const leaving = start({ method: "GET", url: `${base}/pending`, headers: user.headersFor("/pending") });
      leaving.on("error", () => {});
      const hasLeft = new Promise((resolve) => leaving.on("close", resolve));
      leaving.end();
      await user.get("/gate");
      leaving.destroy();
      await hasLeft;
      await user.post("/gate", {});
      assert.equal(sessionIn(await user.get("/whoami")).userId, "user-1");
    },
  },
  {
    id: "C-73",
    isTier1: true,
    title:
      "a login that nobody waits for leaves no session behind, a logout ends it, and the log names the `await`",
    mayWarn: true,
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      for (const [what, writes] of [
        ["login", 2],
        ["logout", 1],
      ] as const) {
        const answer = await user.post(`/forgotten?what=${what}`, {});
        assert.equal(answer.status, 200);
        assertUntouched(answer);
        await client().post("/gate", {});
        while ((await probe.snapshot()).storeWrites < writes) await new Promise(setImmediate);
        await client().get("/public");
        await probe.reset();
      }
      const { frameworkWarnings } = await probe.snapshot();
      const hints = frameworkWarnings.filter((warning) => warning.includes("`await`"));
      assert.equal(hints.length, 1);
      assert.equal((await user.refresh()).status, 401);
    },
  },
];
