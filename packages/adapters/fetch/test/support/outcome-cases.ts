import assert from "node:assert/strict";
import { exchange, open, WireClient } from "@acme/session-conformance";
import { OUTCOMES } from "./outcomes.js";

/** One thing that holds on every runtime. */
export interface OutcomeCase {
  readonly name: string;
  /** @param base where the routes of `outcomes.ts` stand */
  run(base: string): Promise<void>;
}

export const baseOf = (origin: string): string => origin + OUTCOMES;

const OURS = ["sAccessToken", "sRefreshToken"];
const ENDS: readonly [path: string, status: number, body: string, appCookies?: string[]][] = [
  ["/json", 200, '{"ok":true}'],
  ["/text", 200, "text"],
  ["/raw", 201, "raw"],
  ["/own-cookies", 200, "own", ["app-one", "app-two"]],
  ["/redirect", 303, ""],
  ["/fetched", 200, "fetched"],
  ["/empty", 204, ""],
  ["/thrown", 403, '{"message":"invalid claim","claimValidationErrors":[{"id":"age"}]}'],
  ["/failed", 500, "failed"],
  ["/missing", 404, "nothing here"],
];

export const outcomeCases: readonly OutcomeCase[] = [
  ...ENDS.map(([path, status, body, appCookies = []]) => ({
    name: `WE-01, T1: both cookies are on ${path.slice(1)}, each in a line of its own`,
    async run(base: string) {
      const response = await new WireClient(base).get(path);
      assert.deepEqual([response.status, response.body], [status, body]);
      assert.deepEqual(response.setCookies.map(({ name }) => name).sort(), [...appCookies, ...OURS].sort());
    },
  })),
  {
    name: "WE-01, WE-03, T6: both cookies are in a stream's head, and its first piece comes before the second is made",
    async run(base) {
      const headers = new WireClient(base).headersFor("/stream");
      const stream = await open({ method: "GET", url: `${base}/stream`, headers });
      assert.deepEqual(stream.head.setCookies.map(({ name }) => name).sort(), OURS);
      assert.equal(await stream.next(), "one\n");
      await new WireClient(base).get(`/release`);
      assert.equal(await stream.next(), "two\n");
      assert.equal(await stream.next(), undefined);
    },
  },
  {
    name: "WE-02, T5: the handler's body is untouched",
    async run(base) {
      const user = await signedIn(base);
      const response = await user.post(`/body`, { a: 1 });
      assert.deepEqual(response.json, { bodyUsed: false, body: '{"a":1}' });
    },
  },
  {
    name: "WE-04, T4: cookies of others with = in them, broken percent signs, or no = hide nothing",
    async run(base) {
      const user = await signedIn(base);
      const cookie = `eq=a=b==; p=%E0%A4%A; flag; =v; ${user.cookieHeader()}; q="a b"; %=%; last`;
      const response = await exchange({
        method: "GET",
        url: `${base}/whoami`,
        headers: { cookie },
      });
      assert.deepEqual(response.json, { userId: "user-1" });
    },
  },
];

/** For runtimes that answer an upgrade with a `Response`. */
export const upgradeCase: OutcomeCase = {
  name: "WE-10, T13: a WebSocket opens behind the guard, also when there are cookies to send, and without a session not",
  async run(base) {
    const user = await signedIn(base);
    assert.equal((await new WireClient(base).get(`/socket`)).status, 401);
    assert.equal(await firstMessage(base, user), "user-1");
    // the first request after a refresh
    assert.equal((await user.refresh()).status, 200);
    assert.equal(await firstMessage(base, user), "user-1");
    assert.deepEqual((await user.get(`/socket-identity`)).json, { isSame: true });
  },
};

async function signedIn(base: string): Promise<WireClient> {
  const user = new WireClient(base);
  await user.get(`/json`);
  return user;
}

/** What a WebSocket with the user's cookies hears first. */
function firstMessage(base: string, user: WireClient): Promise<unknown> {
  // Node's takes headers, which its types do not know; a browser sends the cookies by itself.
  const Socket = WebSocket as unknown as new (
    url: string,
    options: { headers: Record<string, string | undefined> },
  ) => WebSocket;
  const socket = new Socket(`${base.replace("http", "ws")}/socket`, {
    headers: { cookie: user.cookieHeader() },
  });
  return new Promise((resolve, reject) => {
    socket.addEventListener("message", ({ data }) => {
      resolve(data);
      socket.close();
    });
    socket.addEventListener("error", () => reject(new Error("the WebSocket did not open")));
  });
}
