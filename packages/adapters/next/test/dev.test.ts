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

describe.each([
  ["the default store", "file"],
  ["a store in memory that hangs on globalThis", "memory"],
])("NX-12: next dev with %s", (_name, kind) => {
  it("a session outlives every edit, and is the same one in both routers", { timeout: 60_000 }, async () => {
    const user = new WireClient(`${server.origin}/${kind}`);
    const inBothRouters = async (): Promise<unknown[]> => [
      (await user.get("/me")).json,
      (
        await exchange({
          method: "GET",
          url: `${server.origin}/api/${kind}/me`,
          headers: user.headersFor("/me"),
        })
      ).json,
    ];
    await user.post("/login", {});
    for (let edits = 0; edits < 2; edits++) {
      // Who it is, and not which edit answers: on a busy machine Next may serve an older one once more.
      expect(await inBothRouters()).toMatchObject([{ userId: "alice" }, { userId: "alice" }]);
      expect((await user.refresh()).status).toBe(200);
      generation += 1;
      editSession(app, generation);
      const renewed = { userId: "alice", generation };
      await vi.waitFor(async () => expect(await inBothRouters()).toEqual([renewed, renewed]), {
        timeout: 20_000,
        interval: 100,
      });
    }
  });
});

it("NX-08: Next finds no API route that is left without an answer", async () => {
  const client = new WireClient(`${server.origin}/api/file`);
  const refused = await client.get("/wrapped");
  expect([refused.status, refused.body]).toEqual([401, '{"message":"unauthorised"}']);
  expect(server.output()).not.toContain("API resolved without sending a response");
});
