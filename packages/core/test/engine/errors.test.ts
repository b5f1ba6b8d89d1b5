import { afterEach, describe, expect, it } from "vitest";
import type { ErrorHandlers, SessionOptions } from "../../src/config/session-options.js";
import { SessionError, type SessionErrorType } from "../../src/errors/session-error.js";
import type { BaseRequest } from "../../src/http/base-request.js";
import type { BaseResponse } from "../../src/http/base-response.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { CLEARED_ALL, tokenEffect } from "../support/outcome.js";
import type { WireResponse } from "../support/wire-client.js";

let app: TestApp;
let toThrow: unknown;
afterEach(() => app.close());

const fail: Handler = async () => {
  throw toThrow;
};

async function answerTo(error: unknown, options: SessionOptions = {}): Promise<WireResponse> {
  app = await startApp(options, { "GET /fail": fail });
  toThrow = error;
  const client = app.client();
  await client.send("POST", "/login");
  return client.send("GET", "/fail");
}

const message = "said by the application";
const theft = { sessionHandle: "h", userId: "u", recipeUserId: "r" };
const failures = [{ id: "role", reason: { message: "wrong value" } }, { id: "bare" }];

const DEFAULTS: [name: string, error: SessionError, status: number, body: unknown, effect: string][] = [
  [
    "TRY_REFRESH_TOKEN",
    new SessionError({ type: "TRY_REFRESH_TOKEN", message }),
    401,
    { message: "try refresh token" },
    "untouched",
  ],
  [
    "UNAUTHORISED",
    new SessionError({ type: "UNAUTHORISED", message, payload: { clearTokens: true } }),
    401,
    { message: "unauthorised" },
    CLEARED_ALL,
  ],
  [
    "UNAUTHORISED without a payload",
    new SessionError({ type: "UNAUTHORISED", message } as never),
    401,
    { message: "unauthorised" },
    CLEARED_ALL,
  ],
  [
    "UNAUTHORISED that keeps",
    new SessionError({ type: "UNAUTHORISED", message, payload: { clearTokens: false } }),
    401,
    { message: "unauthorised" },
    "untouched",
  ],
  [
    "TOKEN_THEFT_DETECTED",
    new SessionError({ type: "TOKEN_THEFT_DETECTED", message, payload: theft }),
    401,
    { message: "token theft detected" },
    CLEARED_ALL,
  ],
  [
    "INVALID_CLAIMS",
    new SessionError({ type: "INVALID_CLAIMS", message, payload: failures }),
    403,
    { message: "invalid claim", claimValidationErrors: failures },
    "untouched",
  ],
  [
    "CLEAR_DUPLICATE_SESSION_COOKIES",
    new SessionError({ type: "CLEAR_DUPLICATE_SESSION_COOKIES", message }),
    200,
    { message: expect.any(String) },
    "untouched",
  ],
  [
    "STORE_UNAVAILABLE",
    new SessionError({ type: "STORE_UNAVAILABLE", message }),
    503,
    { message: "session store unavailable" },
    "untouched",
  ],
  [
    "RATE_LIMITED",
    new SessionError({ type: "RATE_LIMITED", message, retryAfterMs: 2500 }),
    429,
    { message: "too many refreshes" },
    "untouched",
  ],
  [
    "CSRF_REJECTED",
    new SessionError({ type: "CSRF_REJECTED", message }),
    403,
    { message: "origin not allowed" },
    "untouched",
  ],
  ["BAD_INPUT_ERROR", new SessionError({ type: "BAD_INPUT_ERROR", message }), 400, { message }, "untouched"],
];

describe("default answers", () => {
  for (const [name, error, status, body, effect] of DEFAULTS) {
    it(`${name}: ${status}, tokens ${effect} [wire K-4…K-8]`, async () => {
      const response = await answerTo(error);
      expect([response.status, response.json, tokenEffect(response)]).toEqual([status, body, effect]);
      expect(response.header("content-type")).toMatch(/^application\/json/);
      const retryAfter =
        error.retryAfterMs === undefined ? undefined : String(Math.ceil(error.retryAfterMs / 1000));
      expect(response.header("retry-after")).toBe(retryAfter);
      expect(app.foreignErrors).toEqual([]);
    });
  }

  it("errors that are the developer's, and errors that are not ours, go on unchanged [wire W-8]", async () => {
    const types: SessionErrorType[] = ["INVALID_PAYLOAD", "INVALID_ARGUMENT", "RESPONSE_COMMITTED"];
    const errors = [
      ...types.map((type) => new SessionError({ type, message } as never)),
      new SessionError({ type: "RESERVED_CLAIM_NAME", message, payload: { key: "sub" } }),
      new Error("a bug"),
      { type: "UNAUTHORISED", message: "looks like one" },
      undefined,
      "text",
    ];
    for (const error of errors) {
      const response = await answerTo(error);
      expect([response.status, response.body, tokenEffect(response)]).toEqual([
        500,
        "framework error",
        "untouched",
      ]);
      expect(app.foreignErrors).toEqual([error]);
      expect(app.foreignErrors[0]).toBe(error);
      if (error !== "text") await app.close();
    }
  });

  it("an error of another copy of the package is ours as well [wire W-8]", async () => {
    const copy = Object.assign(new Error("from elsewhere"), {
      type: "TRY_REFRESH_TOKEN",
      payload: undefined,
    });
    Object.defineProperty(copy, Symbol.for("acme.session.error"), { value: true });
    expect((await answerTo(copy)).json).toEqual({ message: "try refresh token" });
  });

  it("our error after verification reaches our handler [wire W-9]", async () => {
    const late: Handler = async (req, res, session) => {
      await session.getSession(req, res);
      throw new session.Error({ type: "TRY_REFRESH_TOKEN", message: "again" });
    };
    app = await startApp({}, { "GET /late": late });
    const client = app.client();
    await client.send("POST", "/login");
    expect((await client.send("GET", "/late")).json).toEqual({ message: "try refresh token" });
  });

  it("the statuses follow the options; those below 400 are refused when the instance is made [wire W-5]", async () => {
    const error = new SessionError({ type: "TRY_REFRESH_TOKEN", message });
    expect(
      (await answerTo(error, { sessionExpiredStatusCode: 440, invalidClaimStatusCode: 441 })).status,
    ).toBe(440);
    toThrow = new SessionError({ type: "INVALID_CLAIMS", message, payload: failures });
    expect((await app.client().send("GET", "/fail")).status).toBe(441);
    for (const options of [
      { sessionExpiredStatusCode: 200 },
      { invalidClaimStatusCode: 302 },
      { sessionExpiredStatusCode: 403 },
      { sessionExpiredStatusCode: 401.5 },
    ]) {
      await expect(startApp(options)).rejects.toMatchObject({ type: "INVALID_OPTION" });
    }
  });

  it("a reason is any JSON; undefined members vanish [wire W-7]", async () => {
    const payload = [
      { id: "a", reason: "text" },
      { id: "b", reason: [1, null, { deep: true }] },
      { id: "c", reason: undefined },
      { id: "d", reason: { gone: undefined, kept: 0 } },
    ];
    const response = await answerTo(new SessionError({ type: "INVALID_CLAIMS", message, payload }));
    expect((response.json as { claimValidationErrors: unknown }).claimValidationErrors).toEqual([
      { id: "a", reason: "text" },
      { id: "b", reason: [1, null, { deep: true }] },
      { id: "c" },
      { id: "d", reason: { kept: 0 } },
    ]);
  });
});

describe("handlers of the application", () => {
  const calls: unknown[][] = [];
  const answer = (
    name: string,
    req: BaseRequest,
    res: BaseResponse,
    context: object,
    ...rest: unknown[]
  ): void => {
    calls.push([name, req.method, Object.keys(context), res.getHeader("front-token"), ...rest]);
    res.setStatusCode(418);
    res.sendJSONResponse({ custom: name });
  };
  const handlers: ErrorHandlers = {
    onUnauthorised: (said, req, res, context) => answer("unauthorised", req, res, context, said),
    onTryRefreshToken: (said, req, res, context) => answer("try", req, res, context, said),
    onTokenTheftDetected: (handle, user, recipeUser, req, res, context) =>
      answer("theft", req, res, context, handle, user, recipeUser),
    onInvalidClaim: (errors, req, res, context) => answer("claim", req, res, context, errors),
    onClearDuplicateSessionCookies: (said, req, res, context) => answer("duplicate", req, res, context, said),
  };

  it("each is replaceable; tokens are cleared before it is called, so it decides status and body only [wire W-1, W-2, W-3]", async () => {
    const cases: [keyof ErrorHandlers, number, string | undefined, ...unknown[]][] = [
      ["onTryRefreshToken", 0, undefined, message],
      ["onUnauthorised", 1, "remove", message],
      ["onUnauthorised", 3, undefined, message],
      ["onTokenTheftDetected", 4, "remove", "h", "u", "r"],
      ["onInvalidClaim", 5, undefined, failures],
      ["onClearDuplicateSessionCookies", 6, undefined, message],
    ];
    for (const [name, index, front, ...rest] of cases) {
      const [, error, , , effect] = DEFAULTS[index] as (typeof DEFAULTS)[0];
      calls.length = 0;
      const response = await answerTo(error, { errorHandlers: { [name]: handlers[name] } });
      expect([response.status, tokenEffect(response)]).toEqual([418, effect]);
      expect(calls).toEqual([[expect.any(String), "GET", ["_default"], front, ...rest]]);
      // The others keep their default.
      toThrow = DEFAULTS[index === 0 ? 1 : 0]?.[1];
      expect((await app.client().send("GET", "/fail")).status).toBe(401);
      if (name !== "onClearDuplicateSessionCookies") await app.close();
    }
  });

  it("one that throws hands its error to the framework [wire W-4]", async () => {
    const bug = new Error("in the handler");
    const response = await answerTo(DEFAULTS[1]?.[1], {
      errorHandlers: {
        onUnauthorised: async () => {
          throw bug;
        },
      },
    });
    expect(response.status).toBe(500);
    expect(app.foreignErrors).toEqual([bug]);
  });

  it("a response the application has finished stays as it is [wire W-6]", async () => {
    const finished: Handler = async (_req, res, session) => {
      res.end("first");
      throw new session.Error({ type: "UNAUTHORISED", message: "too late" });
    };
    app = await startApp(
      {
        errorHandlers: {
          onTryRefreshToken: (_said, _req, res) => {
            res.sendJSONResponse({ n: 1 });
            res.sendJSONResponse({ n: 2 });
            res.sendHTMLResponse("<p>3</p>");
          },
        },
      },
      { "GET /finished": finished, "GET /fail": fail },
    );
    const response = await app.client().send("GET", "/finished");
    expect([response.status, response.body, tokenEffect(response)]).toEqual([200, "first", "untouched"]);
    toThrow = DEFAULTS[0]?.[1];
    expect((await app.client().send("GET", "/fail")).json).toEqual({ n: 1 });
  });

  it("an application that catches the error itself: nothing is cleared [wire K-13]", async () => {
    const caught: Handler = async (req, res, session) => {
      try {
        throw new session.Error({ type: "UNAUTHORISED", message: "mine" });
      } catch (error) {
        return { seen: session.Error.isErrorFromSuperTokens(error), url: req.url, sent: res.headersSent };
      }
    };
    app = await startApp({}, { "GET /caught": caught });
    const response = await app.client().send("GET", "/caught");
    expect([response.json, tokenEffect(response)]).toEqual([
      { seen: true, url: "/caught", sent: false },
      "untouched",
    ]);
  });
});
