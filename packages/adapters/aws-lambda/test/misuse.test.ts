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

  it("an option of this adapter that is misspelt", () => {
    expect(() => createSession(untyped({ stripprefix: "x" }))).toThrow("did you mean `stripPrefix`?");
  });

  it("a guard with an option that does not exist", () => {
    const session = make();
    [
      () => session.verifySession(() => {}, untyped({ requires: [] })),
      () => session.sessionMiddy(untyped({ requires: [] })),
      () => session.authorizer(untyped({ requires: [] })),
    ].forEach((guard) => {
      expect(guard).toThrow(
        expect.objectContaining({
          type: "INVALID_OPTION",
          message: expect.stringContaining("did you mean `require`?"),
        }),
      );
    });
    expect(() => session.verifySession(() => {}, { roles: ["admin"] })).toThrow(/createUserRoles\(\)/);
  });
});

it("what was exported without being called says so", () => {
  const session = make();
  const event = { version: "2.0", headers: {}, requestContext: {} };
  for (const name of ["verifySession", "middleware", "streamHandler"] as const) {
    expect(() => untyped<(event: unknown) => unknown>(session[name])(event)).toThrow("must be your handler");
  }
  expect(() => untyped<(event: unknown) => unknown>(session.authorizer)(event)).toThrow(
    expect.objectContaining({ type: "INVALID_ARGUMENT" }),
  );
});
