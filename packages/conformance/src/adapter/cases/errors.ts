import assert from "node:assert/strict";
import type { AdapterCase, AdapterContext } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import { assertAnswer, assertCleared, assertUntouched } from "../expectations.js";
import { DRIVER_WORDS } from "../misbehaviour.js";
import type { WireClient } from "../wire-client.js";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Errors, ours and others'. */
export const errorCases: readonly AdapterCase[] = [
  {
    id: "C-40",
    isTier1: true,
    title:
      "our errors that a handler lets out are answered, without a try and catch of the application's own",
    async run({ client, probe }) {
      assertAnswer(await client().get("/unguarded-throw"), canonicalAnswers.unauthorised);
      const user = client();
      await user.login("user-1");
      assertAnswer(await user.get("/unguarded-throw"), canonicalAnswers.roleIsMissing);
      await probe.advanceMs(2 * HOUR_MS);
      const expired = await user.get("/unguarded-throw");
      assertAnswer(expired, canonicalAnswers.tryRefreshToken);
      assertUntouched(expired);
      assert.deepEqual((await probe.snapshot()).foreignErrors, []);
    },
  },
  {
    id: "C-41",
    title: "the application can answer one of our errors itself and leave the others to us",
    needs: "custom-error",
    async run({ client }) {
      assertAnswer(await client().get("/custom-error"), canonicalAnswers.unauthorised);
      const user = client();
      await user.login("user-1");
      const response = await user.get("/custom-error");
      assert.deepEqual([response.status, response.json], [418, { need: ["answered-by-the-app"] }]);
      assertAnswer(await user.get("/admin"), canonicalAnswers.roleIsMissing);
    },
  },
  {
    id: "C-42",
    title:
      "an error of the application's own reaches its error hook as the same object, and the handler ran once",
    mayWarn: true,
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      const response = await user.get("/guarded-foreign");
      assert.equal(response.status, 500);
      const { foreignErrors, handlerRuns } = await probe.snapshot();
      assert.deepEqual([foreignErrors, handlerRuns["guarded-foreign"]], [["same"], 1]);
    },
  },
  {
    id: "C-43",
    isTier1: true,
    title: "a day of ordinary use leaves no unhandled rejection and no warning",
    async run({ client, probe }) {
      const user = client();
      for (const path of ["/public", "/guarded", "/whoami", "/guarded-optional", "/admin"])
        await user.get(path);
      await user.refresh();
      await user.login("user-1");
      for (const path of ["/guarded", "/admin", "/unguarded-throw", "/many", "/nowhere"])
        await user.get(path);
      await user.post("/merge", { patch: { a: 1 }, times: 2 });
      await probe.advanceMs(2 * HOUR_MS);
      for (const path of ["/guarded", "/guarded-optional"]) await user.get(path);
      await user.refresh();
      await user.get("/guarded");
      await user.post("/echo", { a: 1 });
      await user.send("POST", "/auth/signout");
      await user.get("/guarded");
      const { unhandled, processWarnings, frameworkWarnings, foreignErrors } = await probe.snapshot();
      assert.deepEqual([unhandled, processWarnings, frameworkWarnings, foreignErrors], [[], [], [], []]);
    },
  },
  {
    id: "C-44",
    title: "every answer of ours is the same byte for byte as from every other adapter",
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      assertAnswer(await client().get("/guarded"), canonicalAnswers.unauthorised);
      assertAnswer(await user.get("/admin"), canonicalAnswers.roleIsMissing);
      const foreignPage = { origin: "https://evil.example.org" };
      assertAnswer(await user.refresh(foreignPage), canonicalAnswers.originNotAllowed);
      assertAnswer(await user.send("POST", "/auth/signout", foreignPage), canonicalAnswers.originNotAllowed);
      const thief = user.copy();
      assertAnswer(await user.refresh(), canonicalAnswers.refreshed);
      await user.get("/whoami");
      await probe.advanceMs(MINUTE_MS);
      assertAnswer(await thief.refresh(), canonicalAnswers.tokenTheftDetected);
      assertAnswer(await client().refresh(), canonicalAnswers.unauthorised);
      const other = client();
      await other.login("user-2");
      assertAnswer(await other.send("POST", "/auth/signout"), canonicalAnswers.signedOut);
      await other.login("user-2");
      await probe.advanceMs(2 * HOUR_MS);
      assertAnswer(await other.get("/guarded"), canonicalAnswers.tryRefreshToken);
      assertAnswer(await other.get("/unguarded-throw"), canonicalAnswers.tryRefreshToken);
    },
  },
  {
    id: "C-45",
    title:
      "a store that is broken is a 503 to the client, who keeps its tokens and hears no word of the driver",
    mayWarn: true,
    options: { fails: "store" },
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      await probe.reset();
      for (const answer of [
        await user.refresh(),
        await user.send("POST", "/auth/signout"),
        await user.post("/merge", { patch: { a: 1 } }),
        await user.send("POST", "/logout"),
      ]) {
        assertAnswer(answer, canonicalAnswers.storeUnavailable);
        assertUntouched(answer);
        assert.equal(answer.header("retry-after"), "1");
        assert.ok(!JSON.stringify([answer.body, answer.lines]).includes(DRIVER_WORDS));
      }
      const after = await user.get("/guarded");
      assert.equal(after.status, 200);
      const { unhandled, foreignErrors } = await probe.snapshot();
      assert.deepEqual([unhandled, foreignErrors], [[], []]);
    },
  },
  {
    id: "C-46",
    title: "callbacks of the application that fail end no process and sign nobody out",
    mayWarn: true,
    options: { fails: "callbacks" },
    async run({ client, probe }) {
      const user = client();
      await user.login("user-1");
      const foreignPage = { origin: "https://evil.example.org" };
      assertAnswer(await client().refresh(foreignPage), canonicalAnswers.originNotAllowed);
      assertAnswer(await user.refresh(foreignPage), canonicalAnswers.originNotAllowed);
      assertAnswer(await client().get("/guarded"), canonicalAnswers.unauthorised);
      assert.equal((await user.get("/guarded")).status, 200);
      await probe.advanceMs(2 * HOUR_MS);
      // The error handler that would answer throws: then the host does, as for any error of the application's.
      for (const path of ["/guarded", "/unguarded-throw"]) {
        const unanswered = await user.get(path);
        assert.ok(unanswered.status >= 400, String(unanswered.status));
        assertUntouched(unanswered);
      }
      assertAnswer(await user.refresh(), canonicalAnswers.refreshed);
      assert.equal((await user.get("/guarded")).status, 200);
      assert.deepEqual((await probe.snapshot()).unhandled, []);
    },
  },
  {
    id: "C-47",
    isTier1: true,
    mayWarn: true,
    title: "of ten requests that fail at once with one error of ours each gets the whole answer",
    async run({ client, probe }) {
      const users = await tenUsers(client);
      const away = await Promise.all(users.map((user) => user.get("/shared-refusal?type=STORE_UNAVAILABLE")));
      for (const answer of away) {
        assertAnswer(answer, canonicalAnswers.storeUnavailable);
        assertUntouched(answer);
        assert.equal(answer.header("retry-after"), "7");
      }
      for (const answer of await Promise.all(users.map((user) => user.get("/shared-refusal")))) {
        assertAnswer(answer, canonicalAnswers.unauthorised);
        assertCleared(answer);
      }
      assert.deepEqual((await probe.snapshot()).foreignErrors, []);
    },
  },
  {
    id: "C-48",
    mayWarn: true,
    title: "an error of ours that requests share is left as it was",
    async run({ client }) {
      const users = await tenUsers(client);
      for (const path of ["/shared-refusal?type=STORE_UNAVAILABLE", "/shared-refusal"])
        await Promise.all(users.map((user) => user.get(path)));
      assert.deepEqual((await client().get("/refusal-changes")).json, []);
    },
  },
];

async function tenUsers(client: AdapterContext["client"]): Promise<WireClient[]> {
  const users = Array.from({ length: 10 }, () => client());
  for (const [index, user] of users.entries()) await user.login(`user-${index}`);
  return users;
}
