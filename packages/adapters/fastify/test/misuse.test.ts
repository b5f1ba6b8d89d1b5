import { runAdapterMisuse } from "@acme/session-conformance";
import Fastify, { type FastifyPluginAsync } from "fastify";
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
    },
  },
  { describe, it },
);

describe("what was handed to Fastify without being called, or called, answers with an error that says so", () => {
  const session = make();

  it.each(["preHandler", "onRequest"] as const)("verifySession as %s", async (hook) => {
    let runs = 0;
    const app = Fastify();
    close = () => app.close();
    app.get("/x", untyped<object>({ [hook]: session.verifySession }), async () => {
      runs += 1;
    });
    const response = await app.inject("/x");
    expect([response.statusCode, runs]).toEqual([500, 0]);
    expect(response.json().message).toContain("write `verifySession()`");
  });

  it("errorHandler", async () => {
    const app = Fastify();
    close = () => app.close();
    app.setErrorHandler(untyped<() => void>(session.errorHandler));
    app.get("/x", async () => {
      throw new Error("the application's own");
    });
    const response = await app.inject("/x");
    expect(response.statusCode).toBe(500);
    expect(response.body).toContain("write `errorHandler()`");
  });

  it("plugin", async () => {
    const app = Fastify();
    close = () => app.close();
    const called = untyped<() => Promise<void>>(session.plugin)();
    await expect(async () => app.register(untyped<FastifyPluginAsync>(called))).rejects.toThrow(
      "without a call",
    );
  });
});
