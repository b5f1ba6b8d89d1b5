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

  it.each(["createNewSession", "getSession", "refreshSession"] as const)(
    "Headers that all requests share, by %s: one visitor's cookies would go to the next",
    async (name) => {
      const session = make();
      const shared = new Headers();
      const [first, second] = [new Request("http://127.0.0.1/a"), new Request("http://127.0.0.1/b")];
      await session.createNewSession(first, shared, "user-1");
      await session.getSession(first, shared);
      const lines = shared.getSetCookie();
      const calls = {
        createNewSession: () => session.createNewSession(second, shared, "user-2"),
        getSession: () => session.getSession(second, shared),
        refreshSession: () => session.refreshSession(second, shared),
      };
      await expect(calls[name]()).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
        message: expect.stringContaining("new Headers()"),
      });
      expect(shared.getSetCookie()).toEqual(lines);
      // The store was not even asked to make it.
      expect(await session.getAllSessionHandlesForUser("user-2")).toEqual([]);
      const own = new Headers();
      await session.createNewSession(second, own, "user-2");
      expect(own.getSetCookie()).not.toEqual([]);
    },
  );

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
