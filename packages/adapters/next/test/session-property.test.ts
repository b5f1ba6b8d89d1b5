import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import { expect, it } from "vitest";
import { createSession, MemoryStore } from "../src/index.js";

it("a guard of the pages router leaves req.session alone where another library owns it, and replaces its own", async () => {
  const session = createSession({
    appInfo: { appName: "next", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: { debug() {}, info() {}, warn() {} },
  });
  const theirs = { theirs: true };
  const server = createServer(async (req, res) => {
    const passed: unknown[] = [];
    if (req.url === "/login") await session.createNewSession(req, res, "user-1");
    if (req.url === "/theirs") Object.assign(req, { session: theirs });
    if (req.url !== "/login") {
      for (const options of [{}, { checkDatabase: true }])
        await session.verifySession(options)(req, res, (error) => passed.push(error));
    }
    const kept: unknown = Reflect.get(req, "session");
    const messages = passed.map((error) => error instanceof Error && error.message);
    res.end(
      JSON.stringify({
        isTheirs: kept === theirs,
        isOurs: kept !== undefined && kept === session.of(req),
        messages,
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = new WireClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await client.get("/login");
  expect((await client.get("/ours")).json).toMatchObject({ isOurs: true, messages: [false, false] });
  const answer = (await client.get("/theirs")).json as { isTheirs: boolean; messages: string[] };
  expect(answer.isTheirs).toBe(true);
  for (const message of answer.messages) expect(message).toContain("Session.getSession(req, res)");
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await session.close();
});
