import * as Hapi from "@hapi/hapi";
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
    expect(() => createSession(untyped({ stratergy: "x" }))).toThrow("did you mean `strategy`?");
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

describe("hapi", () => {
  it("a strategy of our scheme with an option that does not exist", async () => {
    const session = make();
    const server = Hapi.server();
    close = () => server.stop();
    await server.register(session.plugin);
    expect(() => server.auth.strategy("mine", "acme-session", { requires: [] })).toThrow(
      "did you mean `require`?",
    );
    expect(() => server.auth.strategy("mine", "acme-session", { roles: ["admin"] })).toThrow(
      /createUserRoles/,
    );
  });

  it("verifySession as a `pre` without being called lets nobody in", async () => {
    const session = make();
    const server = Hapi.server({ debug: false });
    close = () => server.stop();
    await server.register(session.plugin);
    let runs = 0;
    server.route({
      method: "GET",
      path: "/x",
      options: { pre: [{ method: untyped<Hapi.Lifecycle.Method>(session.verifySession) }] },
      handler: () => {
        runs += 1;
        return "in";
      },
    });
    expect([(await server.inject("/x")).statusCode, runs]).toEqual([500, 0]);
  });
});
