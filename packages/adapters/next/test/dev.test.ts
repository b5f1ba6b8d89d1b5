import { exchange, WireClient } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { editSession, makeDevApp } from "./support/dev-app.js";
import { NextServer } from "./support/next-server.js";

const app = makeDevApp();
let server: NextServer;
let generation = 1;

beforeAll(async () => {
  server = await NextServer.develop(app);
}, 120_000);
afterAll(() => server?.close());

interface Answer {
  readonly status: number;
  /** Of the module with the instances: another one after it has been loaded again. */
  readonly loaded?: string;
}

describe.each([
  ["the default store", "file"],
  ["a store in memory that hangs on globalThis", "memory"],
])("NX-12: next dev with %s", (_name, kind) => {
  it("a session outlives every edit, and is the same one in both routers", { timeout: 100_000 }, async () => {
    const user = new WireClient(`${server.origin}/${kind}`);
    const seen = new Set<number>();
    const inBothRouters = async (): Promise<Answer[]> => {
      const api = { method: "GET", url: `${server.origin}/api/${kind}/me`, headers: user.headersFor("/me") };
      const answers = [await user.get("/me"), await exchange(api)];
      return answers.map(({ status, json }) => {
        seen.add(status);
        return { ...(json as object), status };
      });
    };
    const alice = { status: 200, userId: "alice" };
    await user.post("/login", {});
    for (let edits = 0; edits < 2; edits++) {
      const before = await inBothRouters();
      expect(before).toMatchObject([alice, alice]);
      expect((await user.refresh()).status).toBe(200);
      const isRenewed = async () => {
        const after = await inBothRouters();
        expect(after).toMatchObject([alice, alice]);
        for (const router of [0, 1]) expect(after[router]?.loaded).not.toBe(before[router]?.loaded);
      };
      const edit = async () => {
        generation += 1;
        editSession(app, generation);
        await vi.waitFor(isRenewed, { timeout: 5_000, interval: 100 });
      };
      // Saved again until it is served: Next now and then goes on with what it has built before.
      await vi.waitFor(edit, { timeout: 40_000 });
    }
    expect(seen).not.toContain(401);
  });
});

it("NX-08: Next finds no API route that is left without an answer", async () => {
  const client = new WireClient(`${server.origin}/api/file`);
  const refused = await client.get("/wrapped");
  expect([refused.status, refused.body]).toEqual([401, '{"message":"unauthorised"}']);
  expect(server.output()).not.toContain("API resolved without sending a response");
});
