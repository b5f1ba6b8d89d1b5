import { afterEach, describe, expect, it } from "vitest";
import type { VerifySessionOptions } from "../../src/session/types.js";
import { createUserRoles } from "../../src/user-roles/index.js";
import { type Handler, startApp, type TestApp, wrap } from "../support/http-app.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** Options as somebody writes them who reads no types. */
const untyped = (options: unknown): VerifySessionOptions => options as VerifySessionOptions;

const SLIPS: [slip: unknown, option: string, meant?: string][] = [
  [{ requires: [] }, "requires", "require"],
  [{ checkDB: true }, "checkDB", "checkDatabase"],
  [
    { overrideGlobalClaimValidator: () => [] },
    "overrideGlobalClaimValidator",
    "overrideGlobalClaimValidators",
  ],
  [{ role: "admin" }, "role", "roles"],
  [{ permission: "edit" }, "permission", "permissions"],
  [{ sessionrequired: false }, "sessionrequired", "sessionRequired"],
  [{ scopes: ["admin"] }, "scopes"],
  [{ sessionRequired: "false" }, "sessionRequired"],
  [{ antiCsrfCheck: 0 }, "antiCsrfCheck"],
  [{ checkDatabase: "true" }, "checkDatabase"],
  [{ require: {} }, "require"],
  [{ skip: "st-ev" }, "skip"],
  [{ only: () => [] }, "only"],
  [{ overrideGlobalClaimValidators: [] }, "overrideGlobalClaimValidators"],
  [{ roles: "admin" }, "roles"],
  [{ roles: [] }, "roles"],
  [{ roles: [undefined] }, "roles"],
  [{ permissions: [] }, "permissions"],
  [{ permissions: [""] }, "permissions"],
];

describe("a guard with an option that is wrong", () => {
  it.each(SLIPS)("is not made: %j", async (slip, option, meant) => {
    app = await startApp({ plugins: [createUserRoles()] });
    const { adapter } = app;
    const told = expect.objectContaining({
      type: "INVALID_OPTION",
      payload: { option: `verifySession.${option}` },
      message: expect.stringContaining(meant === undefined ? option : `did you mean \`${meant}\`?`),
    });
    expect(() => adapter.guardOptions(untyped(slip))).toThrow(told);
  });

  it.each(SLIPS)("lets nobody in where the options come with each request: %j", async (slip, option) => {
    app = await startApp(
      { plugins: [createUserRoles()] },
      { "GET /guarded": async (req, res, session) => session.getSession(req, res, untyped(slip)) },
    );
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/guarded")).status).toBe(500);
    expect(app.foreignErrors).toEqual([
      expect.objectContaining({ type: "INVALID_OPTION", payload: { option: `getSession.${option}` } }),
    ]);
  });

  it.each([null, "admin", 1, true, ["admin"], () => {}])("is not made with %s either", async (given) => {
    app = await startApp();
    const { adapter } = app;
    const told = expect.objectContaining({ type: "INVALID_OPTION" });
    expect(() => adapter.guardOptions(untyped(given))).toThrow(told);
    expect(() => adapter.callOptions(untyped(given))).toThrow(told);
  });

  it("is not made with something that is no validator", async () => {
    app = await startApp();
    const { adapter } = app;
    const told = expect.objectContaining({ type: "INVALID_ARGUMENT" });
    expect(() => adapter.guardOptions(untyped({ require: [undefined] }))).toThrow(told);
    expect(() => adapter.guardOptions(untyped({ only: [{ id: "x" }] }))).toThrow(told);
  });

  it("says `verifySession()` when it was called with a request", async () => {
    app = await startApp();
    const { adapter } = app;
    for (const request of [{ headers: {} }, new Request("http://x.test"), { req: {} }, { raw: {} }]) {
      expect(() => adapter.guardOptions(untyped(request))).toThrow("write `verifySession()`");
    }
  });

  it("does not change when the object it was made with does", async () => {
    app = await startApp();
    const given: VerifySessionOptions = { checkDatabase: true };
    const kept = app.adapter.guardOptions(given);
    given.checkDatabase = false;
    expect(kept).toEqual({ checkDatabase: true });
  });

  it("leaves what the adapter takes beside them out", async () => {
    app = await startApp();
    const own = { onError: () => {} };
    expect(app.adapter.guardOptions(untyped({ onError: 1, checkDatabase: true }), own)).toEqual({
      checkDatabase: true,
    });
  });
});

describe("roles and permissions of a guard", () => {
  const asks = (options: VerifySessionOptions): Handler[] => [
    async (req, res, session) => ({ in: (await session.getSession(req, res, options)) !== undefined }),
    async (req, res, _session, adapter) => ({
      in: (await adapter.verifySession(wrap(req, res), adapter.guardOptions(options))) !== undefined,
    }),
  ];

  it.each([
    ["every role", { roles: ["admin", "auditor"] }, 200],
    ["one of two roles only", { roles: ["admin", "owner"] }, 403],
    ["every permission", { permissions: ["books:read"] }, 200],
    ["one of two permissions only", { permissions: ["books:read", "books:burn"] }, 403],
    ["roles, but not the permissions", { roles: ["admin"], permissions: ["books:burn"] }, 403],
    ["roles, whatever the override says", { roles: ["owner"], overrideGlobalClaimValidators: () => [] }, 403],
    ["roles, whatever `only` says", { roles: ["owner"], only: [] }, 403],
  ] as [string, VerifySessionOptions, number][])("a user with %s", async (_name, options, status) => {
    const handlers = asks(options);
    app = await startApp(
      { plugins: [createUserRoles()] },
      Object.fromEntries(handlers.map((handler, index) => [`GET /guarded-${index}`, handler])),
    );
    const seeded = createUserRoles({ store: app.store });
    await seeded.createNewRoleOrAddPermissions("admin", ["books:read"]);
    await seeded.createNewRoleOrAddPermissions("auditor", []);
    await seeded.addRoleToUser("public", "user-1", "admin");
    await seeded.addRoleToUser("public", "user-1", "auditor");
    const client = app.client();
    await client.send("POST", "/login");
    for (const [index] of handlers.entries()) {
      expect((await client.send("GET", `/guarded-${index}`)).status).toBe(status);
    }
  });

  it("opens nothing, and says what to add, where roles are unknown", async () => {
    app = await startApp(undefined, { "GET /guarded": asks({ roles: ["admin"] })[0] as Handler });
    const { adapter } = app;
    for (const options of [{ roles: ["admin"] }, { permissions: ["edit"] }]) {
      expect(() => adapter.guardOptions(options)).toThrow(/createUserRoles\(\)/);
    }
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/guarded")).status).toBe(500);
  });
});
