import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
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

describe("what cannot work is refused when it is given", () => {
  it.each([null, "redis://", 7, [], Promise.resolve({})])("createSession(%s)", (given) => {
    expect(() => createSession(untyped(given))).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringContaining("createSession") }),
    );
  });

  it("an option of this adapter that is misspelt", () => {
    expect(() => createSession(untyped({ propperty: "x" }))).toThrow("did you mean `property`?");
  });

  it("a guard with an option that does not exist", () => {
    const session = make();
    [
      () => session.verifySession(untyped({ requires: [] })),
      () => session.handler(() => {}, untyped({ requires: [] })),
    ].forEach((guard) => {
      expect(guard).toThrow(
        expect.objectContaining({
          type: "INVALID_OPTION",
          message: expect.stringContaining("did you mean `require`?"),
        }),
      );
    });
    expect(() => session.verifySession({ roles: ["admin"] })).toThrow(/createUserRoles\(\)/);
  });
});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

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
