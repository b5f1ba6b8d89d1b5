import type { Invoker } from "@acme/lambda-emulator";
import { asFrozenJson } from "@acme/lambda-emulator";
import { emailVerifiedClaim } from "@acme/session-core/claims";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createSession,
  type LambdaEvent,
  type LambdaResult,
  MemoryStore,
  SessionError,
} from "../src/index.js";
import { recordingLogger } from "./support/recording-logger.js";
import { type RunningFunction, runFunction } from "./support/run-function.js";

const running: RunningFunction[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of running.splice(0)) await one.close();
});

const run = async (...args: Parameters<typeof runFunction>): Promise<RunningFunction> => {
  const started = await runFunction(...args);
  running.push(started);
  return started;
};

/** An event without a service in front, for what only shows in the result itself. */
function event(
  kind: Exclude<Invoker, "http-1.0" | "function-url" | "netlify">,
  rest: LambdaEvent = {},
): LambdaEvent {
  const headers = { "st-auth-mode": "cookie", ...rest.headers };
  const base = {
    rest: { httpMethod: "GET", path: "/x", requestContext: { stage: "prod" } },
    "http-2.0": {
      version: "2.0",
      rawPath: "/x",
      requestContext: { http: { method: "GET" }, stage: "$default" },
    },
    "alb-multi": { httpMethod: "GET", path: "/x", requestContext: { elb: {} } },
    "alb-single": { httpMethod: "GET", path: "/x", requestContext: { elb: {} } },
    lattice: { version: "2.0", path: "/x", method: "GET", requestContext: { serviceArn: "arn" } },
  }[kind];
  if (kind !== "alb-multi")
    return asFrozenJson({
      ...base,
      headers,
      ...rest,
      ...(rest.headers === null ? {} : { headers }),
    }) as LambdaEvent;
  return asFrozenJson({
    ...base,
    ...rest,
    multiValueHeaders: { "st-auth-mode": ["cookie"], ...rest.multiValueHeaders },
  }) as LambdaEvent;
}

const memory = () => createSession({ store: new MemoryStore() });
const ok = { statusCode: 200, body: "{}" };
const names = (cookies: readonly { name: string }[]) => cookies.map(({ name }) => name).sort();
const lineNames = (lines: readonly unknown[] = []) => lines.map((line) => String(line).split("=", 1)[0]);

describe("AW-01: two cookies reach the client, in the member that the kind of event has for them, and in no other [sec A-02]", () => {
  const MEMBERS: [Invoker, (result: LambdaResult) => unknown[] | undefined, string[]][] = [
    ["rest", ({ multiValueHeaders }) => multiValueHeaders?.["Set-Cookie"], ["headers", "multiValueHeaders"]],
    [
      "http-1.0",
      ({ multiValueHeaders }) => multiValueHeaders?.["Set-Cookie"],
      ["headers", "multiValueHeaders"],
    ],
    ["http-2.0", ({ cookies }) => cookies, ["cookies", "headers"]],
    ["function-url", ({ cookies }) => cookies, ["cookies", "headers"]],
    ["alb-multi", ({ multiValueHeaders }) => multiValueHeaders?.["Set-Cookie"], ["multiValueHeaders"]],
    [
      "netlify",
      ({ multiValueHeaders }) => multiValueHeaders?.["Set-Cookie"],
      ["headers", "multiValueHeaders"],
    ],
    ["lattice", ({ headers }) => headers?.["set-cookie"] as unknown as string[], ["headers"]],
  ];

  it.each(MEMBERS)("%s", async (invoker, cookiesOf, members) => {
    let result: LambdaResult | undefined;
    const app = await run(invoker, (session) => async (given: LambdaEvent) => {
      result = await session.middleware(async () => {
        await session.createNewSession(given, given, "user-1");
        return ok;
      })(given);
      return result;
    });
    const response = await app.client().post("/sign-in", {});
    expect(names(response.setCookies)).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(response.header("front-token")).toBeDefined();
    expect(lineNames(cookiesOf(result!))).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(Object.keys(result!).sort()).toEqual(["body", "statusCode", ...members].sort());
    expect(app.failures).toEqual([]);
  });
});

describe("AW-02: behind a load balancer without multi-value headers", () => {
  const signIn = (session: ReturnType<typeof memory>) =>
    session.middleware(async (given: LambdaEvent) => {
      await session.createNewSession(given, given, "user-1");
      return { ...ok, headers: { "set-cookie": "own=1" } };
    });

  it("in development, two cookies are an error that names the setting of the target group", async () => {
    const session = memory();
    await expect(signIn(session)(event("alb-single"))).rejects.toThrow(
      /lambda\.multi_value_headers\.enabled/,
    );
  });

  it("in production, the access token is the one cookie, never a joined line, and the log says so once", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const { logger, warnings } = recordingLogger();
    const session = createSession({
      store: new MemoryStore(),
      allowTestValues: true,
      logger,
      appInfo: { appName: "a", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
    });
    for (const given of [event("alb-single"), event("alb-single")]) {
      const { headers, multiValueHeaders } = await signIn(session)(given);
      expect(multiValueHeaders).toBeUndefined();
      const lines = Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() === "set-cookie");
      expect(lines).toHaveLength(1);
      expect(String(lines[0]?.[1])).toMatch(/^sAccessToken=(?!.*(sRefreshToken|own=))/);
    }
    expect(warnings).toEqual([expect.stringMatching(/lambda\.multi_value_headers\.enabled/)]);
  });

  it("tokens in headers, and one cookie, are sent as everywhere", async () => {
    const session = memory();
    const byHeader = await signIn(session)(event("alb-single", { headers: { "st-auth-mode": "header" } }));
    expect(byHeader.headers).toMatchObject({ "Set-Cookie": "own=1" });
    expect(Object.keys(byHeader.headers ?? {}).map((name) => name.toLowerCase())).toContain(
      "st-refresh-token",
    );
  });
});

describe("AW-03: cookies of the request", () => {
  const whoami = (session: ReturnType<typeof memory>) =>
    session.verifySession(async (given) => ({ ...ok, body: given.session.getUserId() }));

  /** The access token of a new session. */
  async function token(session: ReturnType<typeof memory>): Promise<string> {
    return (await session.createNewSessionWithoutRequestResponse("user-1")).getAccessToken();
  }

  it.each([
    ["cookies[] of payload 2.0", "http-2.0", (line: string) => ({ cookies: ["a=1", line, "b=2"] })],
    [
      "headers of payload 2.0, where there are no cookies[]",
      "http-2.0",
      (line: string) => ({ headers: { cookie: line } }),
    ],
    ["a header in any case", "rest", (line: string) => ({ headers: { cOoKiE: `a=1; ${line}` } })],
    ["a header in two cases", "rest", (line: string) => ({ headers: { Cookie: "a=1", cookie: line } })],
    [
      "multi-value headers",
      "alb-multi",
      (line: string) => ({ multiValueHeaders: { COOKIE: ["a=1", line] } }),
    ],
    [
      "multi-value headers over single ones",
      "rest",
      (line: string) => ({
        headers: { Cookie: "sAccessToken=old" },
        multiValueHeaders: { cookie: [line] },
      }),
    ],
    [
      "lists in the headers of VPC Lattice",
      "lattice",
      (line: string) => ({ headers: { Cookie: ["a=1", line] } }),
    ],
  ] as const)("%s", async (_title, kind, rest) => {
    const session = memory();
    const line = `sAccessToken=${await token(session)}`;
    const result = await whoami(session)(event(kind, rest(line)));
    expect([result.statusCode, result.body]).toEqual([200, "user-1"]);
  });

  it("headers: null, as the test button of the console sends it, is a request without a token", async () => {
    const session = memory();
    const bare = event("rest", { headers: null, multiValueHeaders: null, queryStringParameters: null });
    expect((await whoami(session)(bare)).statusCode).toBe(401);
  });

  it("two Authorization headers are none", async () => {
    const session = memory();
    const bearer = `Bearer ${await token(session)}`;
    const once = event("alb-multi", { multiValueHeaders: { authorization: [bearer] } });
    expect((await whoami(session)(once)).statusCode).toBe(200);
    const twice = event("alb-multi", { multiValueHeaders: { authorization: [bearer, bearer] } });
    expect((await whoami(session)(twice)).statusCode).toBe(401);
  });
});

it("AW-04: a session that a handler creates and then asks for keeps its cookies, through any number of wrappers", async () => {
  const app = await run("rest", (session) =>
    session.middleware(
      session.middleware(async (given: LambdaEvent) => {
        const created = await session.createNewSession(given, given, "user-1");
        const found = await session.getSession(given, given);
        return { statusCode: 200, body: JSON.stringify(created.getHandle() === found.getHandle()) };
      }),
    ),
  );
  const response = await app.client().post("/", {});
  expect(response.json).toBe(true);
  expect(names(response.setCookies)).toEqual(["sAccessToken", "sRefreshToken"]);
});

it("AW-04: what happens after an inner wrapper has returned is still delivered by the outer one", async () => {
  const session = memory();
  const inner = session.verifySession(async () => ok, { sessionRequired: false });
  const result = await session.middleware(async (given: LambdaEvent) => {
    const answer = await inner(given);
    await session.createNewSession(given, given, "user-1");
    return answer;
  })(event("http-2.0"));
  expect(lineNames(result.cookies)).toEqual(["sAccessToken", "sRefreshToken"]);
});

describe("AW-05: events", () => {
  it("are not written to, frozen or not; the session is on a copy, where logs and copies do not see it", async () => {
    const session = memory();
    const accessToken = (await session.createNewSessionWithoutRequestResponse("user-1")).getAccessToken();
    const frozen = event("rest", { headers: { authorization: `Bearer ${accessToken}` } });
    const open = JSON.parse(JSON.stringify(frozen)) as LambdaEvent;
    for (const given of [frozen, open]) {
      const before = JSON.stringify(given);
      const result = await session.verifySession(async (seen) => {
        expect(seen.session.getUserId()).toBe("user-1");
        expect(session.of(seen)).toBe(seen.session);
        expect([JSON.stringify(seen), Object.keys(seen)]).toEqual([before, Object.keys(given)]);
        expect("session" in { ...seen }).toBe(false);
        return ok;
      })(given);
      expect(result.statusCode).toBe(200);
      expect([JSON.stringify(given), Reflect.ownKeys(given)]).toEqual([before, Object.keys(given)]);
    }
  });

  it("with a property of that name are refused; another name can be chosen", async () => {
    const taken = { ...event("rest"), session: "somebody else's" };
    const optional = { sessionRequired: false } as const;
    const guarded = memory().verifySession(async () => ok, optional);
    await expect(guarded(taken)).rejects.toMatchObject({
      type: "INVALID_OPTION",
      payload: { option: "property" },
    });
    const elsewhere = createSession({ store: new MemoryStore(), property: "auth" });
    const seen = await elsewhere.verifySession(
      async (given) => ({ ...ok, body: `${"auth" in given}` }),
      optional,
    )(taken);
    expect(seen.body).toBe("true");
  });

  it("that are no HTTP request are an error, and never a request without a session", async () => {
    const session = memory();
    const handler = session.verifySession(async () => ok, { sessionRequired: false });
    for (const given of [{ Records: [] }, { source: "aws.events" }, { version: "2.0" }, null, "event"]) {
      await expect(handler(given as never)).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
  });

  it("used twice are two invocations", async () => {
    const session = memory();
    const given = event("rest");
    let isFirst = true;
    const handler = session.middleware(async (seen: LambdaEvent) => {
      if (isFirst) await session.createNewSession(seen, seen, "user-1");
      isFirst = false;
      return {
        ...ok,
        body: String((await session.getSession(seen, seen, { sessionRequired: false }))?.getUserId()),
      };
    });
    expect((await handler(given)).body).toBe("user-1");
    const again = await handler(given);
    expect([again.body, again.multiValueHeaders]).toEqual(["undefined", undefined]);
  });

  it("that no wrapper has seen get no tokens: nothing is stored that could not be delivered", async () => {
    const session = memory();
    const given = event("rest");
    const undeliverable = {
      type: "READ_ONLY_CONTEXT",
      message: expect.stringMatching(/Session\.middleware\(handler\)/),
    };
    for (const outside of [
      () => session.createNewSession(given, given, "user-1"),
      () => session.refreshSession(given, given),
    ]) {
      await expect(outside()).rejects.toMatchObject(undeliverable);
    }
    await session.middleware(async (seen: LambdaEvent) => {
      await expect(session.createNewSession({ ...seen }, undefined, "user-1")).rejects.toMatchObject(
        undeliverable,
      );
      await expect(session.getSession(seen, event("rest"))).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    })(event("rest"));
    expect(await session.getAllSessionHandlesForUser("user-1")).toEqual([]);
  });
});

it("outside of every wrapper getSession reads, and changes nothing that nobody would deliver", async () => {
  const errors: unknown[] = [];
  const app = await run("http-2.0", (session) => async (given: LambdaEvent) => {
    if (given.rawPath?.startsWith("/auth/")) return session.middleware()(given);
    const found = await session.getSession(given, given);
    await found
      .mergeIntoAccessTokenPayload({ a: 1 })
      .catch(({ type, message }: { type: string; message: string }) => errors.push(type, message));
    return { ...ok, body: JSON.stringify(found.getAccessTokenPayload()) };
  });
  const user = app.client();
  await user.post("/login", {});
  await user.refresh();
  const response = await user.get("/");
  expect([(response.json as { sub: string }).sub, response.setCookies, errors]).toEqual([
    "user-1",
    [],
    ["READ_ONLY_CONTEXT", expect.stringMatching(/nothing would put the cookies on your result; export/)],
  ]);
  expect((await user.refresh()).status).toBe(200);
});

describe("AW-06: handlers have two parameters", () => {
  it("whatever they were made of", () => {
    const session = memory();
    const handlers = [
      session.middleware(),
      session.middleware(async () => ok),
      session.verifySession(async () => ok),
    ];
    expect(handlers.map(({ length }) => length)).toEqual([2, 2, 2]);
  });

  it("and a handler with a callback is refused when it is wrapped", () => {
    const session = memory();
    const old = ((_event: LambdaEvent, _context: unknown, _callback: unknown) => undefined) as never;
    for (const wrap of [() => session.middleware(old), () => session.verifySession(old)]) {
      expect(wrap).toThrow(/callback/);
    }
  });
});

describe("AW-07: bodies in base64", () => {
  it("do not stop a refresh", async () => {
    const app = await run("http-2.0", (session) => session.middleware());
    const user = app.client();
    await user.post("/login", {});
    const binary = await user.refresh(
      { "content-type": "application/octet-stream" },
      Buffer.from([0, 255, 254]),
    );
    expect([binary.status, binary.body]).toEqual([200, "{}"]);
  });

  it("are read where one of our endpoints takes a body", async () => {
    const consumed: string[] = [];
    const session = createSession({
      store: new MemoryStore(),
      plugins: [
        emailVerifiedClaim({
          isVerified: () => false,
          endpoints: true,
          consumeToken: (token) => void consumed.push(token),
        }),
      ],
    });
    const body = '{"token":"from the messäge"}';
    for (const isBase64Encoded of [false, true]) {
      const result = await session.middleware()(
        event("rest", {
          httpMethod: "POST",
          path: "/auth/user/email/verify",
          body: isBase64Encoded ? Buffer.from(body).toString("base64") : body,
          isBase64Encoded,
        }),
      );
      expect([result.statusCode, result.body]).toEqual([
        200,
        '{"status":"EMAIL_VERIFICATION_INVALID_TOKEN_ERROR"}',
      ]);
    }
    expect(consumed).toEqual(["from the messäge", "from the messäge"]);
  });
});

describe("AW-08: paths", () => {
  const ROWS: [string, Invoker, string, object][] = [
    ["REST, default domain", "rest", "/auth/jwt/jwks.json", { stage: "dev" }],
    ["REST, stage named like the base path", "rest", "/auth/jwt/jwks.json", { stage: "auth" }],
    [
      "REST, base path mapping, stripped",
      "rest",
      "/auth/jwt/jwks.json",
      { mapping: "v1", session: { stripPrefix: "/v1" } },
    ],
    [
      "REST, base path mapping, in apiBasePath",
      "rest",
      "/auth/jwt/jwks.json",
      { mapping: "v1", base: "/v1/auth" },
    ],
    ["HTTP API 1.0, $default", "http-1.0", "/auth/jwt/jwks.json", {}],
    ["HTTP API 1.0, a stage", "http-1.0", "/auth/jwt/jwks.json", { stage: "dev" }],
    [
      "HTTP API 1.0, a mapping",
      "http-1.0",
      "/auth/jwt/jwks.json",
      { stage: "dev", mapping: "v1", session: { stripPrefix: "/v1" } },
    ],
    ["HTTP API 2.0, $default", "http-2.0", "/auth/jwt/jwks.json", {}],
    ["HTTP API 2.0, a stage and a trailing slash", "http-2.0", "/auth/jwt/jwks.json/", { stage: "dev" }],
    ["HTTP API 2.0, a stage named like the base path", "http-2.0", "/auth/jwt/jwks.json", { stage: "auth" }],
    [
      "HTTP API 2.0, a stage that is in apiBasePath",
      "http-2.0",
      "/auth/jwt/jwks.json",
      { stage: "dev", base: "/dev/auth" },
    ],
    [
      "HTTP API 2.0, a stage that the gateway takes away for us",
      "http-2.0",
      "/auth/jwt/jwks.json",
      { stage: "dev", gateway: "/dev" },
    ],
    [
      "REST, a stage that the gateway takes away",
      "rest",
      "/auth/jwt/jwks.json",
      { stage: "dev", gateway: "/dev" },
    ],
    [
      "HTTP API 2.0, a mapping, which its paths never have",
      "http-2.0",
      "/auth/jwt/jwks.json",
      { mapping: "v1", gateway: "/v1" },
    ],
    ["load balancer with a query", "alb-multi", "/auth/jwt/jwks.json?a=b", {}],
    ["function URL", "function-url", "/auth/jwt/jwks.json", {}],
    [
      "Netlify, function's own path",
      "netlify",
      "/.netlify/functions/auth/jwt/jwks.json",
      { base: "/.netlify/functions/auth" },
    ],
    ["VPC Lattice with a query", "lattice", "/auth/jwt/jwks.json?a=b", {}],
  ];
  const optionsOf = ({ base, gateway, session }: { base?: string; gateway?: string; session?: object }) => ({
    ...session,
    ...(base === undefined && gateway === undefined
      ? {}
      : {
          appInfo: {
            appName: "a",
            apiDomain: "http://localhost",
            websiteDomain: "http://localhost",
            ...(base === undefined ? {} : { apiBasePath: base }),
            ...(gateway === undefined ? {} : { apiGatewayPath: gateway }),
          },
        }),
  });

  it.each(ROWS)("%s", async (_title, invoker, path, given) => {
    const app = await run(invoker, (session) => session.middleware(), {
      ...given,
      session: optionsOf(given),
    });
    const response = await app.client().get(path);
    expect([response.status, Array.isArray((response.json as { keys: unknown }).keys)]).toEqual([200, true]);
  });

  it.each([
    [
      "a stage that is only the beginning of a segment",
      "http-2.0",
      { rawPath: "/developers/auth/jwt/jwks.json" },
    ],
    ["a stage of a REST API, whose paths have none", "rest", { path: "/dev/auth/jwt/jwks.json" }],
  ] as const)("not ours: %s", async (_title, kind, rest) => {
    const session = memory();
    const context = { stage: "dev", ...(kind === "rest" ? {} : { http: { method: "GET" } }) };
    const result = await session.middleware()(event(kind, { ...rest, requestContext: context }));
    expect(result.statusCode).toBe(404);
  });

  it("stripPrefix wants a path", () => {
    for (const stripPrefix of ["v1", "/v1/", "/", "", "/a?b"]) {
      expect(() => createSession({ stripPrefix })).toThrow(/stripPrefix/);
    }
  });

  it("a query is there for callbacks, as it was sent", async () => {
    const seen: (string | undefined)[] = [];
    for (const invoker of ["rest", "http-2.0", "alb-multi", "alb-single", "lattice"] as const) {
      const app = await run(invoker, (session) =>
        session.verifySession(async () => ok, {
          sessionRequired: false,
          overrideGlobalClaimValidators: (globals, _session, userContext) => {
            seen.push(session.getRequestFromUserContext(userContext)?.getKeyValueFromQuery("q"));
            return [...globals];
          },
        }),
      );
      const user = app.client("header");
      await user.post("/login", {});
      await user.get("/x?p=1&q=a%20%26b");
    }
    expect(seen).toEqual(Array.from({ length: 5 }, () => "a &b"));
  });
});

describe("AW-09: what the application has put on its result stays, in any case, beside ours", () => {
  const merged = async (kind: Parameters<typeof event>[0], result: object): Promise<LambdaResult> => {
    const session = memory();
    const value = Object.freeze({ statusCode: 200, body: "{}", ...result });
    const before = JSON.stringify(value);
    const given = await session.middleware(async (seen: LambdaEvent) => {
      await session.createNewSession(seen, seen, "user-1");
      return value;
    })(event(kind));
    expect(JSON.stringify(value)).toBe(before);
    return given;
  };
  const OURS = ["sAccessToken", "sRefreshToken"];

  it("cookies: in headers, in multi-value headers, in cookies[]", async () => {
    const rest = await merged("rest", {
      headers: { "set-COOKIE": "a=1" },
      multiValueHeaders: { "SET-cookie": ["b=2", "c=3"] },
    });
    expect(lineNames(rest.multiValueHeaders?.["Set-Cookie"])).toEqual(["a", "b", "c", ...OURS]);
    expect(Object.keys(rest.headers ?? {}).filter((name) => /set-cookie/i.test(name))).toEqual([]);
    const two = await merged("http-2.0", { headers: { "Set-Cookie": "b=2" }, cookies: ["a=1"] });
    expect(lineNames(two.cookies)).toEqual(["a", "b", ...OURS]);
    const alb = await merged("alb-multi", {
      headers: { "Set-Cookie": "a=1" },
      multiValueHeaders: { "set-cookie": ["b=2"] },
    });
    expect(lineNames(alb.multiValueHeaders?.["Set-Cookie"]).sort()).toEqual(["a", "b", ...OURS]);
    const lattice = await merged("lattice", { headers: { "set-cookie": ["a=1", "b=2"] } });
    expect(lineNames(lattice.headers?.["set-cookie"] as unknown as string[])).toEqual(["a", "b", ...OURS]);
  });

  it("exposed headers are merged token by token, wherever they stand", async () => {
    const single = await merged("http-2.0", {
      headers: { "access-control-expose-headers": "X-App, Front-Token" },
    });
    expect(single.headers?.["access-control-expose-headers"]).toBe("X-App, Front-Token");
    const multi = await merged("rest", {
      multiValueHeaders: { "Access-Control-Expose-Headers": ["X-App", "X-Two"] },
    });
    expect(multi.multiValueHeaders?.["Access-Control-Expose-Headers"]).toEqual(["X-App, X-Two, front-token"]);
    expect(Object.keys(multi.headers ?? {}).filter((name) => /expose/i.test(name))).toEqual([]);
  });

  it("a stricter Cache-Control, other headers, a body in base64", async () => {
    const result = await merged("rest", {
      headers: { "cache-control": "no-store", "X-App": 1 },
      body: "AAEC",
      isBase64Encoded: true,
      statusCode: 201,
    });
    expect(result).toMatchObject({
      statusCode: 201,
      body: "AAEC",
      isBase64Encoded: true,
      headers: { "cache-control": "no-store", "X-App": 1 },
    });
  });

  it("headers for a load balancer that looks at multi-value headers only are moved there", async () => {
    const result = await merged("alb-multi", {
      headers: { "X-App": 1, "x-both": "single" },
      multiValueHeaders: { "X-Both": ["multi"] },
    });
    expect(result.headers).toBeUndefined();
    expect(result.multiValueHeaders).toMatchObject({ "X-App": [1], "X-Both": ["multi"] });
  });
});

describe("AW-10: errors", () => {
  it("of the application leave every wrapper as the same object", async () => {
    const failure = new Error("an error of the application's own");
    const fail = async (): Promise<never> => {
      throw failure;
    };
    const app = await run("rest", (session) =>
      session.middleware(session.verifySession(fail, { sessionRequired: false })),
    );
    expect((await app.client().get("/")).status).toBe(502);
    expect(app.failures).toHaveLength(1);
    expect(app.failures[0]).toBe(failure);
  });

  it("of ours are answered, those that a handler throws too", async () => {
    const app = await run("http-2.0", (session) =>
      session.middleware(async () => {
        throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
      }),
    );
    const response = await app.client().get("/");
    expect([response.status, response.body]).toEqual([401, '{"message":"unauthorised"}']);
    expect(response.setCookies.every(({ value }) => value === "")).toBe(true);
    expect(app.failures).toEqual([]);
  });

  it("are answered by the application's own handler, whether it returns a result, finishes the response, or both", async () => {
    const answers = [
      { onUnauthorised: () => ({ statusCode: 418, body: "own" }) },
      {
        onUnauthorised: (
          _message: string,
          _req: unknown,
          res: { setStatusCode(code: number): void; sendHTMLResponse(html: string): unknown },
        ) => {
          res.setStatusCode(418);
          res.sendHTMLResponse("own");
        },
      },
    ];
    for (const errorHandlers of answers) {
      const session = createSession({ store: new MemoryStore(), errorHandlers });
      const result = await session.verifySession(async () => ok)(event("rest"));
      expect([result.statusCode, result.body]).toEqual([418, "own"]);
    }
  });
});

it("AW-11: a warm function keeps nothing from one invocation to the next, or to one that runs beside it", async () => {
  const session = memory();
  const gates: (() => void)[] = [];
  const handler = session.middleware(async (given: LambdaEvent) => {
    const userId = (given.headers?.["x-user"] ?? "") as string;
    if (userId === "") return { ...ok, body: String(session.of(given)?.getUserId()) };
    await session.createNewSession(given, given, userId);
    await new Promise<void>((resolve) => gates.push(resolve));
    return { ...ok, body: (await session.getSession(given, given)).getUserId() };
  });
  const both = ["a", "b"].map((userId) => handler(event("http-2.0", { headers: { "x-user": userId } })));
  await vi.waitFor(() => expect(gates).toHaveLength(2));
  for (const open of gates.reverse()) open();
  const results = await Promise.all(both);
  const subject = (line = "") =>
    JSON.parse(Buffer.from(line.split(".")[1] ?? "", "base64url").toString()).sub;
  expect(results.map(({ body, cookies }) => [body, subject(cookies?.[0]), cookies?.length])).toEqual([
    ["a", "a", 2],
    ["b", "b", 2],
  ]);
  const third = await handler(event("http-2.0"));
  expect([third.body, third.cookies]).toEqual(["undefined", undefined]);
});

describe("AW-14: results without a structure", () => {
  const returned = async (kind: Parameters<typeof event>[0], value: unknown) =>
    memory().middleware(async () => value)(event(kind));
  const json = { "content-type": "application/json" };

  it.each([
    ["a string", "hello", "hello"],
    ["an object", { message: "hi" }, '{"message":"hi"}'],
    ["a list", [1, 2], "[1,2]"],
    ["an object that has a body, but no statusCode", { body: "x" }, '{"body":"x"}'],
  ])("payload 2.0: %s is the body, as the service infers it", async (_title, value, body) => {
    expect(await returned("http-2.0", value)).toEqual({
      statusCode: 200,
      headers: json,
      body,
      isBase64Encoded: false,
    });
  });

  it("elsewhere they are answers too, instead of a malformed result", async () => {
    expect(await returned("rest", { message: "hi" })).toMatchObject({
      statusCode: 200,
      body: '{"message":"hi"}',
    });
    expect(await returned("alb-multi", "hello")).toEqual({
      statusCode: 200,
      multiValueHeaders: { "content-type": ["application/json"] },
      body: "hello",
      isBase64Encoded: false,
    });
    expect(await returned("rest", { body: "x", headers: { a: 1 } })).toEqual({
      statusCode: 200,
      body: "x",
      headers: { a: 1 },
    });
  });

  it("nothing at all is an empty 200", async () => {
    for (const kind of ["rest", "http-2.0", "alb-multi", "lattice"] as const) {
      expect(await returned(kind, undefined)).toEqual({ statusCode: 200, body: "" });
    }
  });

  it("tokens ride on them", async () => {
    const app = await run("http-2.0", (session) =>
      session.middleware(async (given: LambdaEvent) => {
        await session.createNewSession(given, given, "user-1");
        return { message: "hi" };
      }),
    );
    const response = await app.client().post("/", {});
    expect(response.json).toEqual({ message: "hi" });
    expect(names(response.setCookies)).toEqual(["sAccessToken", "sRefreshToken"]);
  });
});
