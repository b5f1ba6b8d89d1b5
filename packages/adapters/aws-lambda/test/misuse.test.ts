import { runAdapterMisuse } from "@acme/session-conformance";
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
    misspelt: ["stripprefix", "stripPrefix"],
    guards: {
      verifySession: (session, options) => session.verifySession(() => {}, options),
      sessionMiddy: (session, options) => session.sessionMiddy(options),
      authorizer: (session, options) => session.authorizer(options),
    },
  },
  { describe, it },
);

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
