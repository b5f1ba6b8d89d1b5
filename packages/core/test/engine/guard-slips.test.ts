import { afterEach, describe, expect, it, vi } from "vitest";
import { createUserRoles } from "../../src/user-roles/index.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(async () => {
  vi.unstubAllEnvs();
  await app.close();
});

const roles = () => createUserRoles();

async function signedIn(routes: Record<string, Handler>): Promise<WireClient> {
  app = await startApp({ plugins: [roles()] }, routes);
  const client = app.client();
  await client.send("POST", "/login");
  return client;
}

describe("a guard on a path that is also the refresh endpoint's", () => {
  /** What runs behind a guard that stands on every path, where our endpoints are switched off or not mounted. */
  const guardedRefresh: Handler = async (req, res, session, adapter) => {
    const { Exchange, exchangeOn } = await import("../../src/http/exchange.js");
    const { NodeRequest, NodeResponse } = await import("../../src/http/node-http.js");
    const exchange = exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res)));
    const found = await adapter.verifySession(exchange, adapter.guardOptions({ roles: ["admin"] }));
    expect(session).toBeDefined();
    return { executedAs: found?.getUserId() };
  };

  it("refreshes, and lets nobody through to the handler whom the route's roles keep out", async () => {
    app = await startApp(
      {
        plugins: [roles()],
        override: { apis: (original) => ({ ...original, refreshPOST: undefined }) },
      },
      { "POST /auth/session/refresh": guardedRefresh },
    );
    const client = app.client();
    await client.send("POST", "/login");
    const answer = await client.refresh();
    expect(answer.status).not.toBe(200);
    expect(JSON.stringify(answer.json)).not.toContain("executedAs");
  });
});

describe("options of a guard, however they are given", () => {
  const admin = { roles: ["admin"] };
  class Options {
    get roles(): string[] {
      return ["admin"];
    }
  }
  const given: [what: string, options: object][] = [
    ["inherited", Object.create(admin)],
    ["a getter of a class", new Options()],
    ["not enumerable", Object.defineProperty({}, "roles", { value: ["admin"] })],
  ];
  it.each(given)("%s: they hold", async (_, options) => {
    const client = await signedIn({
      "GET /call": async (req, res, session) => {
        await session.getSession(req, res, options);
        return {};
      },
    });
    const guard = app.adapter.guardOptions(options);
    expect(guard).toMatchObject({ require: [expect.anything()] });
    expect((await client.send("GET", "/call")).status).toBe(403);
  });

  it.each<[what: string, options: object]>([
    ["a Map", new Map([["roles", ["admin"]]])],
    ["an inherited slip", Object.create({ rolez: 1 })],
    ["roles that are undefined", { roles: undefined }],
    ["rules that are undefined", { require: undefined }],
  ])("%s: no guard is made", async (_, options) => {
    await signedIn({});
    expect(() => app.adapter.guardOptions(options)).toThrow(
      expect.objectContaining({ type: "INVALID_OPTION" }),
    );
  });

  it("lists that are changed later change nothing", async () => {
    await signedIn({});
    const names = ["admin"];
    const rules = [{ id: "no", validate: () => ({ isValid: false, reason: "no" }) }];
    const guard = app.adapter.guardOptions({ roles: names, require: rules });
    names.pop();
    rules.length = 0;
    expect(guard?.require).toHaveLength(2);
  });

  it("two requests that share one object and change it each get their own rules", async () => {
    const shared: { require?: object[]; checkDatabase: boolean } = { checkDatabase: true };
    const rule = (isValid: boolean) => ({ id: "rule", validate: () => ({ isValid, reason: "no" }) });
    const route =
      (isValid: boolean): Handler =>
      async (req, res, session) => {
        shared.require = [rule(isValid)];
        await session.getSession(req, res, shared as object);
        return {};
      };
    const client = await signedIn({ "GET /no": route(false), "GET /yes": route(true) });
    const [no, yes] = await Promise.all([client.send("GET", "/no"), client.copy().send("GET", "/yes")]);
    expect([no.status, yes.status]).toEqual([403, 200]);
  });
});

it("in production a getSession that nobody awaits ends no process", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  vi.stubEnv("NODE_ENV", "production");
  app = await startApp(
    { allowTestValues: true },
    {
      "GET /forgot": async (req, res, session) => {
        void session.getSession(req, res);
        return {};
      },
    },
  );
  expect((await app.client().send("GET", "/forgot")).status).toBe(200);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
