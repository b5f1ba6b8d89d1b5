import middy7 from "@middy/core";
import httpErrorHandler7 from "@middy/http-error-handler";
import middy6 from "middy6";
import httpErrorHandler6 from "middy6-http-error-handler";
import { afterEach, describe, expect, it } from "vitest";
import type { LambdaResult, LambdaSession, SessionEvent } from "../src/index.js";
import { type RunningFunction, runFunction } from "./support/run-function.js";

const running: RunningFunction[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

const start = async (make: (session: LambdaSession) => (event: never, context: never) => unknown) => {
  const started = await runFunction("rest", make);
  running.push(started);
  return started;
};

const never = { id: "never", validate: () => ({ isValid: false as const }) };
const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();

/** Their types differ in what has no part here; types.test-d.ts has both. */
const versions = [
  ["middy 6", middy6 as unknown as typeof middy7, httpErrorHandler6 as typeof httpErrorHandler7],
  ["middy 7", middy7, httpErrorHandler7],
] as const;

describe.each(versions)("%s", (_version, middy, httpErrorHandler) => {
  const quiet = () => httpErrorHandler({ logger: false });
  const hello = async (event: SessionEvent) => ({
    statusCode: 200,
    body: String(event.session?.getUserId()),
  });

  it("AW-12: used first, it guards, hands the session on, and serves the endpoints", async () => {
    let runs = 0;
    const app = await start((session) =>
      middy(async (event: SessionEvent) => {
        runs += 1;
        expect(session.of(event)).toBe(event.session);
        return hello(event);
      })
        .use(session.sessionMiddy())
        .use(quiet()),
    );
    const anonymous = await app.client().get("/");
    expect([anonymous.status, anonymous.body, runs]).toEqual([401, '{"message":"unauthorised"}', 0]);
    const user = app.client();
    await user.post("/login", {});
    expect((await user.get("/")).body).toBe("user-1");
    const refreshed = await user.refresh();
    expect([refreshed.status, refreshed.body, names(refreshed)]).toEqual([
      200,
      "{}",
      ["sAccessToken", "sRefreshToken"],
    ]);
    expect([runs, app.failures]).toEqual([1, []]);
  });

  it("AW-12: what the handler changes reaches the client, after other middlewares and past their errors", async () => {
    const failure = new Error("an error of the application's own");
    const app = await start((session) =>
      middy(async (event: SessionEvent): Promise<LambdaResult> => {
        await event.session?.mergeIntoAccessTokenPayload({ path: event.path ?? "" });
        if (event.path === "/fail") throw failure;
        return { statusCode: 200, body: "{}" };
      })
        .use(session.sessionMiddy())
        .use(quiet())
        .after((request) => {
          request.response = {
            ...(request.response as LambdaResult),
            headers: { "X-After": "1", "Set-Cookie": "own=1" },
          };
        }),
    );
    const user = app.client();
    await user.post("/login", {});
    const good = await user.get("/");
    expect([good.status, good.header("x-after"), names(good)]).toEqual([200, "1", ["own", "sAccessToken"]]);
    const bad = await user.get("/fail");
    expect([bad.status, names(bad), bad.header("front-token") === undefined]).toEqual([
      500,
      ["sAccessToken"],
      false,
    ]);
    expect(app.failures).toEqual([]);
  });

  it("AW-12: an error of ours from the handler is answered as everywhere, whatever an error handler made of it", async () => {
    const app = await start((session) =>
      middy(async (event: SessionEvent) => {
        await session.getSession(event, event, { overrideGlobalClaimValidators: () => [never] });
      })
        .use(session.sessionMiddy({ sessionRequired: false }))
        .use(quiet()),
    );
    const user = app.client();
    await user.post("/login", {});
    const refused = await user.get("/");
    expect([refused.status, refused.json]).toEqual([
      403,
      { message: "invalid claim", claimValidationErrors: [{ id: "never" }] },
    ]);
  });

  it("AW-12: onError answers instead of us, and what has to be cleared is cleared", async () => {
    const app = await start((session) =>
      middy(async () => {
        throw new session.Error({ type: "UNAUTHORISED", message: "the application says so" });
      }).use(
        session.sessionMiddy({
          onError: ({ type }) => (type === "UNAUTHORISED" ? { statusCode: 418, body: type } : undefined),
        }),
      ),
    );
    const guarded = await app.client().get("/");
    expect([guarded.status, guarded.body, names(guarded)]).toEqual([418, "UNAUTHORISED", []]);
    const user = app.client();
    await user.post("/login", {});
    const thrown = await user.get("/");
    expect([thrown.status, thrown.setCookies.map(({ name, value }) => [name, value])]).toEqual([
      418,
      [
        ["sAccessToken", ""],
        ["sRefreshToken", ""],
      ],
    ]);
    await user.post("/login", {});
    app.clock.nowMs += 2 * 3_600_000;
    const expired = await user.get("/");
    expect([expired.status, expired.body]).toEqual([401, '{"message":"try refresh token"}']);
  });

  it("AW-12: an early response of another middleware skips middy's after, but not the wrapper outside", async () => {
    const early = (session: LambdaSession) =>
      middy(hello)
        .use(session.sessionMiddy({ sessionRequired: false }))
        .before(async (request) => {
          const event = request.event as SessionEvent;
          await event.session?.mergeIntoAccessTokenPayload({ seen: true });
          return { statusCode: 202, body: "early" };
        });
    const app = await start((session) => session.middleware(early(session)));
    const user = app.client();
    await user.post("/login", {});
    const response = await user.get("/");
    expect([response.status, response.body, names(response)]).toEqual([202, "early", ["sAccessToken"]]);
  });

  it("AW-12: used after an error handler, what that answers has our cookies through the wrapper outside alone", async () => {
    const chain = (session: LambdaSession) =>
      middy(async (event: SessionEvent): Promise<LambdaResult> => {
        await event.session?.mergeIntoAccessTokenPayload({ seen: true });
        throw new Error("an error of the application's own");
      })
        .use(quiet())
        .use(session.sessionMiddy());
    const orders = [chain, (session: LambdaSession) => session.middleware(chain(session))];
    for (const [index, make] of orders.entries()) {
      const app = await start(make);
      const user = app.client();
      await user.post("/login", {});
      const response = await user.get("/");
      expect([response.status, names(response)]).toEqual([500, index === 0 ? [] : ["sAccessToken"]]);
      expect(app.failures).toEqual([]);
    }
  });

  it("AW-12: an error of the application's own leaves middy as the same object", async () => {
    const failure = new Error("an error of the application's own");
    const app = await start((session) =>
      middy(async () => {
        throw failure;
      }).use(session.sessionMiddy({ sessionRequired: false })),
    );
    expect((await app.client().get("/")).status).toBe(502);
    expect(app.failures[0]).toBe(failure);
  });

  it("two guards in one chain share the session: one token is sent, the last", async () => {
    let first: unknown;
    const app = await start((session) =>
      middy(async (event: SessionEvent) => {
        expect(event.session).toBe(first);
        await event.session?.mergeIntoAccessTokenPayload({ step: 2 });
        return hello(event);
      })
        .use(session.sessionMiddy())
        .before(async (request) => {
          const { session: found } = request.event;
          first = found;
          await found?.mergeIntoAccessTokenPayload({ step: 1 });
        })
        .use(session.sessionMiddy({ overrideGlobalClaimValidators: () => [] })),
    );
    const user = app.client();
    await user.post("/login", {});
    const response = await user.get("/");
    expect([response.body, names(response)]).toEqual(["user-1", ["sAccessToken"]]);
    const [, payload = ""] = user.cookie("sAccessToken").split(".");
    expect(JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))).toMatchObject({ step: 2 });
    expect(app.failures).toEqual([]);
  });

  it("AW-06: middy's handlers have two parameters at most, inside our wrapper and outside", async () => {
    await start((session) => {
      const inner = middy(hello).use(session.sessionMiddy());
      const outer = session.middleware(inner);
      expect([inner.length <= 2, outer.length]).toEqual([true, 2]);
      return outer;
    });
  });
});
