import { type AuthorizerFormat, type Emulator, type Invoker, startEmulator } from "@acme/lambda-emulator";
import { WireClient } from "@acme/session-conformance";
import { afterEach, describe, expect, it } from "vitest";
import {
  type AuthorizerOptions,
  createSession,
  type LambdaEvent,
  type LambdaSession,
  MemoryStore,
} from "../src/index.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface GuardedApi {
  readonly session: LambdaSession;
  readonly store: MemoryStore;
  readonly clock: { nowMs: number };
  readonly failures: readonly unknown[];
  /** How often the function behind the authorizer has run. */
  runs(): number;
  client(): WireClient;
}

/** An API with the authorizer on everything but `/login` and our endpoints; the function answers with what the authorizer has told it. */
async function startApi(
  invoker: Invoker,
  format: AuthorizerFormat,
  options: AuthorizerOptions = {},
  store = new MemoryStore(),
): Promise<GuardedApi> {
  const clock = { nowMs: 1_800_000_000_000, wallMs: () => clock.nowMs, monoMs: () => clock.nowMs };
  const session = createSession({ store, clock });
  const failures: unknown[] = [];
  let runs = 0;
  const handler = session.middleware(async (event: LambdaEvent) => {
    if ((event.rawPath ?? event.path) === "/login") {
      await session.createNewSession(event, event, "user-1", { plan: "pro" });
      return { statusCode: 200, body: "{}" };
    }
    runs += 1;
    const { authorizer } = event.requestContext as { authorizer: { lambda?: object } };
    return { statusCode: 200, body: JSON.stringify(authorizer.lambda ?? authorizer) };
  });
  const authorizer =
    format === "simple"
      ? session.authorizer({ ...options, enableSimpleResponses: true })
      : session.authorizer({ ...options, enableSimpleResponses: false });
  expect(authorizer.length).toBeLessThanOrEqual(2);
  const emulator: Emulator = await startEmulator(invoker, handler, {
    authorizer: { format, handler: authorizer, guards: (path) => !/^\/(login$|auth\/)/.test(path) },
    onFailure: (error) => failures.push(error),
  });
  closing.push(emulator.close, () => session.close());
  return {
    session,
    store,
    clock,
    failures,
    runs: () => runs,
    client: () => new WireClient(emulator.origin, "header"),
  };
}

const never = { id: "never", validate: () => ({ isValid: false as const, reason: "never" }) };

const FORMATS: [title: string, Invoker, AuthorizerFormat][] = [
  ["TOKEN of a REST API", "rest", "token"],
  ["REQUEST of a REST API", "rest", "request"],
  ["HTTP API, payload format 1.0", "http-1.0", "1.0"],
  ["HTTP API, payload format 2.0 with a policy", "http-2.0", "2.0"],
  ["HTTP API, payload format 2.0 with simple responses", "http-2.0", "simple"],
];

describe.each(FORMATS)("authorizer: %s", (_title, invoker, format) => {
  it("lets a session through, and tells the function whose it is, with its claims", async () => {
    const api = await startApi(invoker, format);
    const user = api.client();
    await user.post("/login", {});
    const [handle] = await api.session.getAllSessionHandlesForUser("user-1");
    const { status, json } = await user.get("/orders");
    expect([status, json]).toMatchObject([
      200,
      { userId: "user-1", tenantId: "public", sessionHandle: handle },
    ]);
    expect(JSON.parse((json as { claims: string }).claims)).toEqual({ plan: "pro", iss: expect.any(String) });
    expect(api.failures).toEqual([]);
  });

  it("is a 401 without a session, and with an expired one; a fresh token is let through and not promoted", async () => {
    const api = await startApi(invoker, format);
    const user = api.client();
    expect((await user.get("/orders")).status).toBe(401);
    await user.post("/login", {});
    api.clock.nowMs += 3_600_001;
    expect((await user.get("/orders")).status).toBe(401);
    expect([api.runs(), api.failures]).toEqual([0, []]);
    await user.refresh();
    const [handle = ""] = await api.session.getAllSessionHandlesForUser("user-1");
    const before = await api.store.getSession(handle, api.clock.nowMs);
    expect((await user.get("/orders")).status).toBe(200);
    expect([api.runs(), await api.store.getSession(handle, api.clock.nowMs)]).toEqual([1, before]);
  });

  it("is a 403 when claims are refused, and lets nobody's request through where a session is optional", async () => {
    const strict = await startApi(invoker, format, { require: [never] });
    const user = strict.client();
    await user.post("/login", {});
    expect([(await user.get("/orders")).status, strict.runs(), strict.failures]).toEqual([403, 0, []]);
    const optional = await startApi(invoker, format, { sessionRequired: false });
    const anonymous = await optional.client().get("/orders");
    // A TOKEN authorizer is not asked without its header.
    expect(anonymous.status).toBe(format === "token" ? 401 : 200);
    if (format !== "token") expect(anonymous.json).not.toHaveProperty("userId");
  });

  it("is a 500 when the store cannot be asked: nobody is told to sign in", async () => {
    class Down extends MemoryStore {
      override getSession(): never {
        throw new Error("the line is cut");
      }
    }
    const api = await startApi(invoker, format, { checkDatabase: true }, new Down());
    const user = api.client();
    await user.post("/login", {});
    expect((await user.get("/orders")).status).toBe(500);
    expect([api.runs(), api.failures]).toMatchObject([0, [{ type: "STORE_UNAVAILABLE" }]]);
  });
});

describe("authorizer", () => {
  const ARN = "arn:aws:execute-api:eu-west-1:123456789012:api-1/prod/GET/orders/1";
  const token = (authorizationToken: string) => ({ type: "TOKEN", methodArn: ARN, authorizationToken });

  it("answers with a policy that holds for the whole stage, as API Gateway remembers it for other routes too", async () => {
    const session = createSession({ store: new MemoryStore() });
    const created = await session.createNewSessionWithoutRequestResponse("user-1");
    const answer = await session.authorizer()(token(`Bearer ${created.getAccessToken()}`));
    expect(answer).toMatchObject({
      principalId: "user-1",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Action: "execute-api:Invoke",
            Effect: "Allow",
            Resource: "arn:aws:execute-api:eu-west-1:123456789012:api-1/prod/*",
          },
        ],
      },
    });
    const refused = await session.authorizer({ require: [never] })(
      token(`Bearer ${created.getAccessToken()}`),
    );
    expect([refused.policyDocument.Statement[0]?.Effect, refused.context]).toEqual([
      "Deny",
      { claimValidationErrors: JSON.stringify([{ id: "never", reason: "never" }]) },
    ]);
  });

  it("reads cookies in any place that events have for them, and never refreshes", async () => {
    const session = createSession({ store: new MemoryStore() });
    const created = await session.createNewSessionWithoutRequestResponse("user-1");
    const cookie = `sAccessToken=${created.getAccessToken()}`;
    const http = {
      version: "2.0",
      type: "REQUEST",
      routeArn: ARN,
      requestContext: { http: { method: "GET" } },
    };
    const rest = { type: "REQUEST", methodArn: ARN, httpMethod: "GET", path: "/orders/1" };
    const simple = session.authorizer({ enableSimpleResponses: true });
    expect(await simple({ ...http, rawPath: "/orders/1", cookies: ["a=1", cookie] })).toMatchObject({
      isAuthorized: true,
    });
    const policy = session.authorizer();
    expect((await policy({ ...rest, headers: { cOOkie: cookie } })).principalId).toBe("user-1");
    const { refreshToken } = created.getAllSessionTokensDangerously();
    const refresh = {
      ...rest,
      httpMethod: "POST",
      path: "/auth/session/refresh",
      headers: { cookie: `sRefreshToken=${refreshToken}`, rid: "session" },
    };
    await expect(policy(refresh)).rejects.toThrow(/^Unauthorized$/);
  });

  it("refuses to be called by anything else, and simple responses where the service takes none", async () => {
    const session = createSession({ store: new MemoryStore() });
    const request = { httpMethod: "GET", path: "/x", requestContext: {} };
    for (const event of [
      null,
      {},
      request,
      { type: "REQUEST", methodArn: ARN },
      { ...request, methodArn: "x" },
    ]) {
      await expect(session.authorizer()(event as never)).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
    const simple = session.authorizer({ enableSimpleResponses: true });
    await expect(simple(token("Bearer x"))).rejects.toThrow(/enableSimpleResponses/);
  });
});
