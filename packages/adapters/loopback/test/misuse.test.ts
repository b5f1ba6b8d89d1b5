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
    guards: {
      verifySession: (session, options) => session.verifySession(options),
    },
  },
  { describe, it },
);

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
