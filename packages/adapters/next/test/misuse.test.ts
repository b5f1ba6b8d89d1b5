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
    [
      () => session.verifySession(untyped({ requires: [] })),
      () => session.withSession(() => new Response(), untyped({ requires: [] })),
      () => session.withAction(() => {}, untyped({ requires: [] })),
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

it("what was exported without being called says so", () => {
  const session = make();
  for (const name of ["withSession", "route", "apiHandler", "withAction"] as const) {
    expect(() => untyped<(request: unknown) => unknown>(session[name])(new Request("http://x.test"))).toThrow(
      `Session.${name}(handler)`,
    );
  }
});

it("verifySession inside nextWrapper without being called lets nobody in", async () => {
  const session = make();
  const req = untyped<never>({ headers: {}, method: "GET", url: "/" });
  const res = untyped<never>({ setHeader() {} });
  await expect(
    session.nextWrapper(
      (next) => untyped<(...given: unknown[]) => void>(session.verifySession)(req, res, next),
      req,
      res,
    ),
  ).rejects.toThrow("write `verifySession()`");
});
