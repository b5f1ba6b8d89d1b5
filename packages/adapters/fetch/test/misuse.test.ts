import { runAdapterMisuse } from "@acme/session-conformance";
import { describe, expect, it } from "vitest";
import { createSession, MemoryStore, silentLogger } from "../src/index.js";

runAdapterMisuse(
  {
    createSession: (options) => createSession(options),
    guards: {
      withSession: (session, options) =>
        session.withSession(new Request("http://127.0.0.1/x"), letIn, options),
    },
    perRequest: ["withSession"],
  },
  { describe, it },
);

const make = () =>
  createSession({
    appInfo: { appName: "misuse", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: silentLogger,
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

function letIn(): never {
  throw new Error("the handler ran");
}
