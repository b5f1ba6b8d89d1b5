import type { InvocationContext } from "@loopback/core";
import type { MiddlewareContext, RequestContext } from "@loopback/rest";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { type SessionContext, SessionError, silentLogger } from "../src/index.js";
import { loopbackVersions } from "./support/loopback-versions.js";
import { startApp, type TestApp, testSession } from "./support/test-app.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();
const answerOf = ({ status, body }: { status: number; body: string }) => [status, body];
const UNAUTHORISED = [401, '{"message":"unauthorised"}'];

describe.each(loopbackVersions)("%s", (_version, loopback) => {
  const { core, rest } = loopback;
  const { get } = rest;
  const CONTEXT = rest.RestBindings.Http.CONTEXT;

  it("LB-01: a refusal is one response with its cookies, and the handler does not run", async () => {
    const session = testSession();
    let runs = 0;
    class GuardedController {
      @core.intercept(session.verifySession())
      @get("/guarded")
      guarded() {
        runs += 1;
      }

      @core.intercept(
        session.verifySession({
          overrideGlobalClaimValidators: () => {
            throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
          },
        }),
      )
      @get("/thrown-out")
      thrownOut() {
        runs += 1;
      }
    }
    app = await startApp(loopback, session, [GuardedController]);
    expect(answerOf(await app.client().get("/guarded"))).toEqual(UNAUTHORISED);
    const refused = await (await app.signedIn()).get("/thrown-out");
    expect(answerOf(refused)).toEqual(UNAUTHORISED);
    expect(names(refused)).toEqual(["sAccessToken", "sRefreshToken"]);
    expect(runs).toBe(0);
  });

  it("LB-02: what getSession throws is our 401 with our middleware, LoopBack's without it, and never a 500", async () => {
    const bare = async (isMounted: boolean) => {
      const session = testSession();
      class BareController {
        constructor(@core.inject(CONTEXT) private readonly ctx: MiddlewareContext) {}

        @get("/bare")
        async bare() {
          return { userId: (await session.getSession(this.ctx, this.ctx)).getUserId() };
        }
      }
      app = await startApp(loopback, session, [BareController], (one) => {
        if (isMounted) one.middleware(session.middleware());
      });
      const response = await app.client().get("/bare");
      await app.close();
      return response;
    };
    expect(answerOf(await bare(true))).toEqual(UNAUTHORISED);
    const envelope = await bare(false);
    expect([envelope.status, envelope.json]).toMatchObject([401, { error: { statusCode: 401 } }]);
  });

  it("LB-03: our endpoints stand before body parsing and routes, and LoopBack's own pages stay", async () => {
    const session = testSession();
    app = await startApp(loopback, session, []);
    const user = await app.signedIn();
    expect(answerOf(await user.refresh({ "content-type": "application/json" }, "{"))).toEqual([200, "{}"]);
    expect((await user.get("/openapi.json")).json).toMatchObject({ openapi: expect.any(String) });
    expect((await user.get("/auth/other")).status).toBe(404);
  });

  it("LB-04: interceptors of a class, of a method and of the application verify once", async () => {
    let verifications = 0;
    const session = testSession({
      override: {
        functions: (original) => ({
          ...original,
          getSession: (input) => {
            verifications += 1;
            return original.getSession(input);
          },
        }),
      },
    });

    @core.intercept(session.verifySession())
    class TwiceController {
      constructor(@core.inject(CONTEXT) private readonly ctx: SessionContext) {}

      @core.intercept(session.verifySession({ sessionRequired: false }))
      @get("/twice")
      twice() {
        const { ctx } = this;
        return { userId: ctx.session?.getUserId(), same: ctx.session === session.of(ctx) };
      }
    }
    app = await startApp(loopback, session, [TwiceController], (one) => {
      one.middleware(session.middleware());
      // A global interceptor sees every method; the login must go on without a session.
      one.interceptor((invocation: InvocationContext, next) =>
        session.verifySession({ sessionRequired: false })(invocation, next),
      );
    });
    const user = await app.signedIn();
    verifications = 0;
    expect((await user.get("/twice")).json).toEqual({ userId: "user-1", same: true });
    expect(verifications).toBe(1);
    expect(answerOf(await app.client().get("/twice"))).toEqual(UNAUTHORISED);
  });

  it("LB-06: an action-based sequence without middleware serves the endpoints and answers our errors", async () => {
    const session = testSession();
    class GuardedController {
      constructor(@core.inject(CONTEXT) private readonly ctx: SessionContext) {}

      @core.intercept(session.verifySession())
      @get("/guarded")
      guarded() {
        return { userId: this.ctx.session?.getUserId() };
      }

      @get("/bare")
      async bare() {
        return { userId: (await session.getSession(this.ctx, this.ctx)).getUserId() };
      }

      @get("/foreign")
      foreign() {
        throw new rest.HttpErrors.ImATeapot("own");
      }
    }
    class OwnSequence extends rest.DefaultSequence {
      override async handle(context: RequestContext): Promise<void> {
        if (await session.sequenceAction(context)) return;
        try {
          const route = this.findRoute(context.request);
          const args = await this.parseParams(context.request, route);
          this.send(context.response, await this.invoke(route, args));
        } catch (error) {
          if (!(await session.answerError(context, error))) this.reject(context, error as Error);
        }
      }
    }
    app = await startApp(loopback, session, [GuardedController], (one) => one.sequence(OwnSequence));
    const user = await app.signedIn();
    expect(answerOf(await user.refresh())).toEqual([200, "{}"]);
    for (const path of ["/guarded", "/bare"]) {
      expect((await user.get(path)).json).toEqual({ userId: "user-1" });
      expect(answerOf(await app.client().get(path))).toEqual(UNAUTHORISED);
    }
    expect((await user.get("/foreign")).status).toBe(418);
    const stolen = await app.client().refresh();
    expect(answerOf(stolen)).toEqual(UNAUTHORISED);
  });

  it("LB-07: two requests at once never see each other's session", async () => {
    const session = testSession();
    let arrived = 0;
    let open: () => void = () => {};
    const both = new Promise<void>((resolve) => {
      open = resolve;
    });
    class MeetingController {
      constructor(@core.inject(CONTEXT) private readonly ctx: SessionContext) {}

      @core.intercept(session.verifySession())
      @get("/meet")
      async meet() {
        arrived += 1;
        if (arrived === 2) open();
        await both;
        return { handle: this.ctx.session?.getHandle(), same: session.of(this.ctx) === this.ctx.session };
      }
    }
    app = await startApp(loopback, session, [MeetingController]);
    const [first, second] = [await app.signedIn(), await app.signedIn()];
    const met = (await Promise.all([first.get("/meet"), second.get("/meet")])).map(({ json }) => json);
    expect(met).toEqual([expect.objectContaining({ same: true }), expect.objectContaining({ same: true })]);
    expect(new Set(met.map((one) => (one as { handle: string }).handle)).size).toBe(2);
  });

  it("LB-09: in an Express router that is mounted, the context is made of its request and response", async () => {
    const session = testSession();
    const router = express.Router();
    router.get("/", (request, response, next) => {
      const ctx = { request, response };
      session.getSession(ctx, ctx).then((found) => response.json({ userId: found.getUserId() }), next);
    });
    app = await startApp(loopback, session, [], (one) => {
      one.middleware(session.middleware());
      one.mountExpressRouter("/express", router as never);
    });
    expect((await (await app.signedIn()).get("/express")).json).toEqual({ userId: "user-1" });
    expect(answerOf(await app.client().get("/express"))).toEqual(UNAUTHORISED);
  });

  it("LB-09: static assets are served to everybody, and cost no look at the session", async () => {
    let verifications = 0;
    const session = testSession({
      override: {
        functions: (original) => ({
          ...original,
          getSession: (input) => {
            verifications += 1;
            return original.getSession(input);
          },
        }),
      },
    });
    app = await startApp(loopback, session, [], (one) => {
      one.middleware(session.middleware());
      one.static("/assets", import.meta.dirname);
    });
    const file = "/assets/loopback.test.ts";
    for (const client of [app.client(), await app.signedIn()]) {
      const response = await client.get(file);
      expect([response.status, response.setCookies]).toEqual([200, []]);
    }
    expect(verifications).toBe(0);
    expect((await app.client().get("/assets/nothing")).status).toBe(404);
  });

  it("LB-10: LoopBack's default of allowing every origin is told once, a configured one never", async () => {
    const warningsWith = async (cors: "default" | { origin: string; credentials: boolean }) => {
      const warnings: string[] = [];
      const session = testSession({ logger: { ...silentLogger, warn: (message) => warnings.push(message) } });
      app = await startApp(loopback, session, [], (one) => void one.middleware(session.middleware()), cors);
      const user = await app.signedIn();
      await user.refresh();
      await app.close();
      return warnings;
    };
    expect(await warningsWith("default")).toEqual([
      expect.stringContaining("allows requests from every origin"),
    ]);
    expect(await warningsWith({ origin: "https://example.com", credentials: true })).toEqual([]);
  });

  it("an object that is no context is named at once", async () => {
    const session = testSession();
    class WrongController {
      constructor(@core.inject(CONTEXT) private readonly ctx: MiddlewareContext) {}

      @get("/wrong")
      async wrong() {
        const { request } = this.ctx;
        const wrong = [undefined, {}, request, { request, response: {} }];
        return Promise.all(
          wrong.map((one) =>
            session
              .getSession(one as never, one as never)
              .catch((error: unknown) => (SessionError.is(error) ? error.type : "?")),
          ),
        );
      }
    }
    app = await startApp(loopback, session, [WrongController]);
    expect((await app.client().get("/wrong")).json).toEqual(Array(4).fill("INVALID_ARGUMENT"));
  });
});
