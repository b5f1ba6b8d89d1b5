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

describe("what cannot work is refused when it is given", () => {
  it.each([null, "redis://", 7, [], Promise.resolve({})])("createSession(%s)", (given) => {
    expect(() => createSession(untyped(given))).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringContaining("createSession") }),
    );
  });

  it("a guard with an option that does not exist", () => {
    const session = make();
    [() => session.verifySession(untyped({ requires: [] }))].forEach((guard) => {
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
