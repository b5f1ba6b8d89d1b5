import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { runAdapterMisuse } from "@acme/session-conformance";
import express, { type ErrorRequestHandler, type RequestHandler } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { createSession, MemoryStore, silentLogger } from "../src/index.js";

const make = () =>
  createSession({
    appInfo: { appName: "misuse", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: silentLogger,
  });

let close: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

/** As somebody writes it who reads no types. */
const untyped = <T>(value: unknown): T => value as T;

runAdapterMisuse(
  {
    createSession: createSession<object>,
    misspelt: ["propperty", "property"],
    guards: {
      verifySession: (session, options) => session.verifySession(options),
      handler: (session, options) => session.handler(() => {}, options),
    },
  },
  { describe, it },
);

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it("what the options of `handler` inherit counts", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger });
  const never = { id: "never", validate: () => ({ isValid: false as const }) };
  const app = express();
  app.get(
    "/x",
    session.handler((_req, res) => res.json({}), Object.create({ require: [never] })),
  );
  const origin = await listen(createServer(app));
  const user = await session.createNewSessionWithoutRequestResponse("user-1");
  const headers = { authorization: `Bearer ${user.getAccessToken()}` };
  expect((await fetch(`${origin}/x`, { headers })).status).toBe(403);
});

describe("what was handed to Express without being called answers with an error that says so", () => {
  const session = make();
  it.each(["verifySession", "middleware", "errorHandler"] as const)("%s", async (name) => {
    let runs = 0;
    const app = express();
    app.use("/x", untyped<RequestHandler>(session[name]), (_req, res) => {
      runs += 1;
      res.json({});
    });
    const tell: ErrorRequestHandler = (error, _req, res, _next) => void res.status(500).send(error.message);
    app.use(tell);
    const origin = await listen(createServer(app));
    const response = await fetch(`${origin}/x`, { signal: AbortSignal.timeout(5000) });
    expect([response.status, runs]).toEqual([500, 0]);
    expect(await response.text()).toContain(`write \`${name}()\``);
  });
});
