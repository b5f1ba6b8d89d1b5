import { runAdapterMisuse } from "@acme/session-conformance";
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

runAdapterMisuse(
  {
    createSession: createSession<object>,
    misspelt: ["stratergy", "strategy"],
    guards: {
      verifySession: (session, options) => session.verifySession(options),
    },
  },
  { describe, it },
);

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

  it("a plugin that was called says what to write", () => {
    const { plugin } = make();
    expect(untyped<() => unknown>(plugin)).toThrow(
      expect.objectContaining({
        type: "INVALID_ARGUMENT",
        message: expect.stringContaining("`await server.register(Session.plugin)`, without a call"),
      }),
    );
  });

  it.each(["by itself", "with options of its registration", "in a list"])("the plugin %s", async (way) => {
    const { plugin } = make();
    const server = Hapi.server();
    close = () => server.stop();
    if (way === "by itself") await server.register(plugin);
    else if (way === "in a list") await server.register(untyped<never>([plugin]));
    else await server.register(untyped<never>({ plugin, routes: { vhost: "api.example.com" } }));
    expect(Object.keys(server.registrations)).toEqual(["@acme/session-hapi"]);
  });

  it("what the options of a strategy inherit counts", async () => {
    const session = createSession({ store: new MemoryStore(), logger: silentLogger });
    const server = Hapi.server();
    close = () => server.stop();
    await server.register(session.plugin);
    const never = { id: "never", validate: () => ({ isValid: false as const }) };
    server.auth.strategy("mine", "acme-session", Object.create({ require: [never] }));
    server.route({ method: "GET", path: "/x", options: { auth: "mine" }, handler: () => "in" });
    const user = await session.createNewSessionWithoutRequestResponse("user-1");
    const headers = { authorization: `Bearer ${user.getAccessToken()}` };
    expect((await server.inject({ url: "/x", headers })).statusCode).toBe(403);
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
