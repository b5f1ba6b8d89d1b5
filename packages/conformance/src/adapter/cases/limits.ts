import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AdapterCase } from "../adapter-case.js";
import { canonicalAnswers } from "../canonical-answers.js";
import { assertAnswer, sessionIn } from "../expectations.js";
import type { HarnessOptions } from "../harness.js";
import { identityOf } from "../set-cookie.js";
import { exchange, start } from "../wire-request.js";

const LARGE_BODY = "x".repeat(4 * 1024 * 1024);
const SPOOFED = {
  "x-forwarded-proto": "http",
  "x-forwarded-host": "evil.example.org",
  "x-forwarded-for": "10.0.0.1",
  forwarded: "for=10.0.0.1;host=evil.example.org;proto=http",
};
const REFUSED_OPTIONS: readonly NonNullable<HarnessOptions["session"]>[] = [
  { cookieDomain: "example.com\r\nSet-Cookie: a=b" },
  { cookieDomain: "example.com; Secure" },
  { accessTokenPath: "/a;b" },
  { accessTokenPath: "/a,b" },
];

/** Bodies, sizes and values that somebody chose with care. */
export const limitCases: readonly AdapterCase[] = [
  {
    id: "C-80",
    title: "the application's own parser gets the body as it was sent",
    async run({ client }) {
      const user = client();
      await user.login("user-1");
      const body = { text: "ä".repeat(1000), list: [1, null, { deep: true }] };
      const response = await user.post("/echo", body);
      assert.deepEqual([response.status, response.json], [200, body]);
    },
  },
  {
    id: "C-81",
    title: "a refresh neither waits for its body nor keeps it, and others are served meanwhile",
    rows: ["sec D-07"],
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const headers = { ...user.headersFor("/auth/session/refresh"), "content-type": "application/json" };
      const url = `${base}/auth/session/refresh`;
      const slow = start({ method: "POST", url, headers: { ...headers, "content-length": "100000" } });
      slow.on("error", () => {});
      slow.write('{"a":');
      const [answer] = (await once(slow, "response")) as [IncomingMessage];
      assert.equal(answer.statusCode, 200);
      assert.equal((await user.get("/whoami")).status, 200);
      slow.destroy();
      const large = await exchange({ method: "POST", url, headers, body: LARGE_BODY }).then(
        ({ status }) => status,
        () => "connection closed",
      );
      assert.ok([200, 413, "connection closed"].includes(large), `${large}`);
      assert.equal((await user.get("/whoami")).status, 200);
    },
  },
  {
    id: "C-82",
    title: "headers that only a proxy should set change nothing",
    async run({ client }) {
      const plain = await client().login("user-1");
      const user = client();
      const spoofed = await user.post("/login", { userId: "user-1" }, SPOOFED);
      assert.deepEqual(spoofed.setCookies.map(identityOf), plain.setCookies.map(identityOf));
      assert.equal(sessionIn(await user.get("/whoami", SPOOFED)).userId, "user-1");
      const foreign = await user.refresh({ ...SPOOFED, origin: "http://evil.example.org" });
      assertAnswer(foreign, canonicalAnswers.originNotAllowed);
      assertAnswer(
        await user.refresh({ ...SPOOFED, origin: "https://example.com" }),
        canonicalAnswers.refreshed,
      );
    },
  },
  {
    id: "C-83",
    title: "options that would break a header line are refused before the host sees them",
    async run({ harness }) {
      for (const session of REFUSED_OPTIONS) {
        await assert.rejects(harness.start({ session }), /option/, JSON.stringify(session));
      }
    },
  },
  {
    id: "C-84",
    title: "our cookie is found among a hundred others, in a header of 12 KB",
    async run({ client, base }) {
      const user = client();
      await user.login("user-1");
      const others = Array.from({ length: 100 }, (_, index) => `c${index}=${"v".repeat(100)}`);
      const cookie = [...others.slice(0, 50), user.cookieHeader(), ...others.slice(50)].join("; ");
      assert.ok(cookie.length > 10_000);
      sessionIn(await exchange({ method: "GET", url: `${base}/guarded`, headers: { cookie } }));
    },
  },
];
