import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { runAdapterMisuse } from "@acme/session-conformance";
import Koa from "koa";
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
    misspelt: ["propperty", "property"],
    guards: {
      verifySession: (session, options) => session.verifySession(options),
    },
  },
  { describe, it },
);

describe("what was handed to Koa without being called answers with an error that says so", () => {
  const session = make();
  it.each(["verifySession", "middleware", "errorHandler"] as const)("%s", async (name) => {
    const app = new Koa();
    const told: string[] = [];
    app.on("error", (error: Error) => told.push(error.message));
    app.use(untyped<Koa.Middleware>(session[name]));
    const server = createServer(app.callback());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = () => new Promise((resolve) => server.close(resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const response = await fetch(origin, { signal: AbortSignal.timeout(5000) });
    expect(response.status).toBe(500);
    expect(told).toEqual([expect.stringContaining(`write \`${name}()\``)]);
  });
});
