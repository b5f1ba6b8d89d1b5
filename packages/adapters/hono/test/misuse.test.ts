import { runAdapterMisuse } from "@acme/session-conformance";
import { Hono, type MiddlewareHandler } from "hono";
import { describe, expect, it } from "vitest";
import { createSession, MemoryStore, silentLogger } from "../src/index.js";

const make = () =>
  createSession({
    appInfo: { appName: "misuse", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: silentLogger,
  });

/** As somebody writes it who reads no types. */
const untyped = <T>(value: unknown): T => value as T;

runAdapterMisuse(
  {
    createSession: createSession<object>,
    guards: {
      verifySession: (session, options) => session.verifySession(options),
    },
  },
  { describe, it },
);

describe("what was handed to Hono without being called answers with an error that says so", () => {
  const session = make();
  it.each(["verifySession", "middleware"] as const)("%s", async (name) => {
    let runs = 0;
    const app = new Hono();
    app.use(untyped<MiddlewareHandler>(session[name]));
    app.get("/x", (c) => {
      runs += 1;
      return c.text("in");
    });
    app.onError((error, c) => c.text(error.message, 500));
    const response = await app.request("/x");
    expect([response.status, runs]).toEqual([500, 0]);
    expect(await response.text()).toContain(`write \`${name}()\``);
  });

  it("errorHandler", () => {
    expect(() => session.errorHandler(untyped(new Error("thrown")))).toThrow("takes your error handler");
  });
});
