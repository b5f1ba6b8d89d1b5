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

it("verifySession as an interceptor, and middleware, without being called lets nobody in", () => {
  const session = make();
  const next = () => "in";
  const invocation = { get: async () => undefined, methodName: "guarded", target: {} };
  expect(() => untyped<(...given: unknown[]) => unknown>(session.verifySession)(invocation, next)).toThrow(
    "write `verifySession()`",
  );
  expect(() => untyped<(...given: unknown[]) => unknown>(session.middleware)({}, next)).toThrow(
    "write `middleware()`",
  );
});
