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
    expect(() => createSession(untyped<object>(given))).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringContaining("createSession") }),
    );
  });

  it("a guard with an option that does not exist", async () => {
    const session = make();
    let runs = 0;
    const guarded = (options: unknown) =>
      session.withSession(
        new Request("http://127.0.0.1/x"),
        () => {
          runs += 1;
          return new Response();
        },
        untyped(options),
      );
    await expect(guarded({ requires: [] })).rejects.toThrow("did you mean `require`?");
    await expect(guarded({ roles: ["admin"] })).rejects.toThrow(/createUserRoles/);
    expect(runs).toBe(0);
  });
});
