import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createSession, MemoryStore, SessionError, silentLogger } from "../src/index.js";

const session = createSession({
  appInfo: { appName: "shared", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
  store: new MemoryStore(),
  logger: silentLogger,
});
/** What requests of an application that asks upstream once for all of them get. */
const error = new SessionError({ type: "UNAUTHORISED", message: "locked by admin bob" });
const fail = async (): Promise<never> => {
  throw error;
};
const wrapped = session.apiHandler((req, res) => session.nextWrapper(fail, req, res));
const bare = session.apiHandler(async () => {
  // After the other one has answered.
  await new Promise((resolve) => setTimeout(resolve, 20));
  return fail();
});
const handlers: Record<string, NextApiHandler> = { "/wrapped": wrapped, "/bare": bare };
const server = createServer((req, res) =>
  handlers[req.url ?? ""]?.(req as unknown as NextApiRequest, res as unknown as NextApiResponse),
);
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await session.close();
});

it("every API route answers, though another one has answered the same error through nextWrapper", async () => {
  const client = new WireClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const paths = ["/wrapped", "/bare", "/wrapped", "/bare"];
  const answers = await Promise.all(paths.map((path) => client.get(path)));
  expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(
    paths.map(() => '401 {"message":"unauthorised"}'),
  );
}, 10_000);
