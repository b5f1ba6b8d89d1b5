import { runAdapterMisuse } from "@acme/session-conformance";
import { NextRequest } from "next/server.js";
import { describe, expect, it } from "vitest";
import { createSession, MemoryStore, type ProxyOptions, silentLogger } from "../src/index.js";

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
      withSession: (session, options) => session.withSession(() => new Response(), options),
      withAction: (session, options) => session.withAction(() => {}, options),
    },
  },
  { describe, it },
);

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

it("a step that does not wait for its guard is not let through", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger });
  const user = await session.createNewSessionWithoutRequestResponse("user-1");
  const req = untyped<never>({
    headers: { authorization: `Bearer ${user.getAccessToken()}` },
    method: "GET",
    url: "/",
  });
  const res = untyped<never>({ setHeader() {}, end() {}, once() {} });
  const slow = {
    id: "slow",
    async validate() {
      await new Promise((resolve) => setImmediate(resolve));
      return { isValid: false as const };
    },
  };
  const step = async (next: (error?: unknown) => void) => {
    void session.verifySession({ require: [slow] })(req, res, next);
  };
  await expect(session.nextWrapper(step, req, res)).rejects.toMatchObject({ type: "INVALID_CLAIMS" });
});

it("what the options of a proxy inherit counts", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger });
  const never = { id: "never", validate: () => ({ isValid: false as const }) };
  const user = await session.createNewSessionWithoutRequestResponse("user-1");
  const request = () =>
    new NextRequest("http://x.test/", { headers: { authorization: `Bearer ${user.getAccessToken()}` } });
  const inherited: ProxyOptions = Object.create({ require: [never], redirectTo: "/login" });
  expect((await session.proxy(request())).status).toBe(200);
  expect((await session.proxy(request(), inherited)).status).toBe(403);
  const stranger = await session.proxy(new NextRequest("http://x.test/"), inherited);
  expect(stranger.headers.get("location")).toContain("/login");
});
