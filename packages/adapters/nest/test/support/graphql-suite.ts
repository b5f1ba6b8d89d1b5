import type { WireClient } from "@acme/session-conformance";
import { ApolloDriver, type ApolloDriverConfig } from "@nestjs/apollo";
import { type ArgumentsHost, Catch, type ExceptionFilter, UseGuards } from "@nestjs/common";
import { APP_FILTER } from "@nestjs/core";
import {
  Context,
  Field,
  GraphQLModule,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from "@nestjs/graphql";
import { afterEach, describe, expect, it } from "vitest";
import {
  type GraphqlContext,
  MemoryStore,
  type NestSession,
  PublicAccess,
  type SessionContainer,
  SessionError,
  SessionGuard,
  VerifySession,
} from "../../src/index.js";
import { GraphqlSocket } from "./graphql-socket.js";
import { type Platform, platforms } from "./platforms.js";
import { startApp, type TestApp, testSession } from "./test-app.js";

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();
const never = { id: "never", validate: () => ({ isValid: false as const, reason: "because" }) };
const unauthenticated = (type: string) => ({ code: "UNAUTHENTICATED", session: { type } });

@ObjectType()
class Account {
  @Field(() => String)
  id = "";
}

interface Answer {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path: string[]; extensions: Record<string, unknown> }[];
}

function resolversOf(session: NestSession) {
  let touches = 0;

  @Resolver(() => Account)
  @UseGuards(SessionGuard)
  class AccountResolver {
    @Query(() => Account, { nullable: true })
    me(@session("userId") id: string) {
      return { id };
    }

    @Query(() => Account, { nullable: true })
    @VerifySession({ sessionRequired: false })
    maybe(@session() found?: SessionContainer) {
      return { id: found?.getUserId() ?? "nobody" };
    }

    @Query(() => String, { nullable: true })
    @PublicAccess()
    open() {
      return "open";
    }

    @Query(() => String, { nullable: true })
    @VerifySession({ require: [never] })
    forbidden() {
      return "never";
    }

    @Mutation(() => String, { nullable: true })
    async visit(@session() found: SessionContainer) {
      await found.mergeIntoAccessTokenPayload({ [`touch-${++touches}`]: true });
      return "touched";
    }

    @Query(() => String, { nullable: true })
    async touch(@session() found: SessionContainer) {
      await found.mergeIntoAccessTokenPayload({ [`touch-${++touches}`]: true });
      return "touched";
    }

    @Mutation(() => String, { nullable: true })
    @PublicAccess()
    async signIn(@Context() context: GraphqlContext) {
      const created = await session.createNewSession(context, context, "user-2");
      return session.of(context) === created ? created.getUserId() : null;
    }

    @Subscription(() => String, { nullable: true })
    async *ticks(@session("userId") userId: string) {
      yield { ticks: userId };
    }

    @Mutation(() => String, { nullable: true })
    endIt() {
      throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
    }

    @Query(() => String, { nullable: true })
    foreign() {
      throw new Error("foreign");
    }

    // Guards do not run for these, unless `fieldResolverEnhancers` says so.

    @ResolveField(() => String, { nullable: true })
    handle(@session("handle") handle: string, @Parent() _account: Account) {
      return handle;
    }

    @ResolveField(() => String, { nullable: true })
    @VerifySession({ sessionRequired: false })
    handleIfAny(@session("handle") handle?: string) {
      return handle ?? "none";
    }

    @ResolveField(() => String, { nullable: true })
    secret() {
      return "secret";
    }

    @ResolveField(() => String, { nullable: true })
    fails() {
      throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
    }

    @ResolveField(() => String, { nullable: true })
    @VerifySession({ require: [never] })
    strict(@session("handle") handle: string) {
      return handle;
    }
  }

  @Resolver()
  class BareResolver {
    @Query(() => String, { nullable: true })
    bare(@session("userId") userId: string) {
      return userId;
    }
  }
  return [AccountResolver, BareResolver];
}

/** GraphQL on both platforms, with the context that Nest makes unless told otherwise. */
export function describeNestGraphql(major: string): void {
  describe.each(platforms)(`${major}: GraphQL on %s`, (platform) => {
    let app: TestApp | undefined;
    afterEach(async () => {
      await app?.close();
      app = undefined;
    });

    const start = async (
      session: NestSession,
      config: Partial<ApolloDriverConfig> = {},
      parts: Partial<Parameters<typeof startApp>[1]> = {},
    ): Promise<TestApp> => {
      app = await startGraphql(platform, session, config, parts);
      return app;
    };

    it("NE-08: root and field resolvers, with a session, without one and where it is optional", async () => {
      const { signedIn, client } = await start(testSession());
      const user = await signedIn();
      const asked = await ask(user, "{ me { id handle } maybe { id handleIfAny } open bare }");
      const { handle } = (asked.data as { me: { handle: string } }).me;
      expect(handle).toMatch(/^[0-9a-f]{32}$/);
      expect([asked.status, asked.data, asked.errors]).toEqual([
        200,
        {
          me: { id: "user-1", handle },
          maybe: { id: "user-1", handleIfAny: handle },
          open: "open",
          bare: "user-1",
        },
        undefined,
      ]);
      const stranger = await ask(client(), "{ me { id handle } maybe { id handleIfAny handle } open bare }");
      expect([stranger.status, stranger.data]).toEqual([
        200,
        { me: null, maybe: { id: "nobody", handleIfAny: "none", handle: null }, open: "open", bare: null },
      ]);
      expect(stranger.errors?.map(({ path }) => path.join(".")).sort()).toEqual([
        "bare",
        "maybe.handle",
        "me",
      ]);
      for (const { message, extensions } of stranger.errors ?? []) {
        expect([message, extensions]).toEqual(["unauthorised", unauthenticated("UNAUTHORISED")]);
      }
      expect(app?.errors).toEqual([]);
    });

    it("NE-08: what VerifySession says counts for each field, whatever guards of other fields found", async () => {
      const { signedIn } = await start(testSession());
      const asked = await ask(await signedIn(), "{ me { id strict } forbidden }");
      expect(asked.data).toEqual({ me: { id: "user-1", strict: null }, forbidden: null });
      expect(asked.errors?.map(({ path }) => path.join(".")).sort()).toEqual(["forbidden", "me.strict"]);
      for (const { message, extensions } of asked.errors ?? []) {
        expect([message, extensions]).toEqual([
          "invalid claim",
          {
            code: "FORBIDDEN",
            session: { type: "INVALID_CLAIMS", payload: [{ id: "never", reason: "because" }] },
          },
        ]);
      }
    });

    it("guards and filters for fields of objects, where the application wants them", async () => {
      const fieldResolverEnhancers = ["guards", "filters"] as const;
      const { client, signedIn } = await start(testSession(), {
        fieldResolverEnhancers: [...fieldResolverEnhancers],
      });
      const query = "{ maybe { id secret fails } }";
      const stranger = await ask(client(), query);
      expect(stranger.data).toEqual({ maybe: { id: "nobody", secret: null, fails: null } });
      expect(stranger.errors?.map(({ extensions }) => extensions)).toEqual(
        Array(2).fill(unauthenticated("UNAUTHORISED")),
      );
      const user = await signedIn();
      const asked = await ask(user, query);
      expect(asked.data).toEqual({ maybe: { id: "user-1", secret: "secret", fails: null } });
      expect(asked.errors).toMatchObject([
        { message: "unauthorised", path: ["maybe", "fails"], extensions: unauthenticated("UNAUTHORISED") },
      ]);
      expect(user.cookies.size).toBe(0);
    });

    it("an application whose VerifySession on a field of an object would guard nothing does not start", async () => {
      @Resolver(() => Account)
      class SalaryResolver {
        @Query(() => Account, { nullable: true })
        account() {
          return { id: "user-1" };
        }

        @ResolveField(() => String, { nullable: true })
        @VerifySession({ require: [never] })
        salary() {
          return "secret";
        }
      }
      const session = testSession();
      const providers = [SalaryResolver];
      await expect(startGraphql(platform, session, {}, { providers })).rejects.toThrow(
        "`@VerifySession()` on SalaryResolver.salary: Nest runs no guards on fields of objects.",
      );
      const { client } = await start(session, { fieldResolverEnhancers: ["guards"] }, { providers });
      const asked = await ask(client(), "{ account { salary } }");
      expect([asked.data, asked.errors?.length]).toEqual([{ account: { salary: null } }, 1]);
    });

    it("NE-09: two fields verify once, and each cookie has one line", async () => {
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
      const { signedIn } = await start(session);
      const user = await signedIn();
      const both = await ask(user, "{ a: touch b: touch me { id handle } }");
      expect(both.errors).toBeUndefined();
      expect([names(both), verifications]).toEqual([["sAccessToken"], 1]);
      expect(both.header("front-token")).toBeDefined();
      expect(both.header("cache-control")).toContain("no-store");
      await user.refresh();
      // The first use of a refreshed token promotes it, and sends a new one.
      verifications = 0;
      const promoted = await ask(user, "{ me { id } bare maybe { id } }");
      expect([promoted.errors, names(promoted), verifications]).toEqual([undefined, ["sAccessToken"], 1]);
    });

    it("a resolver signs in: its context stands for the request and for the response", async () => {
      const { client } = await start(testSession());
      const user = client();
      const asked = await ask(user, "mutation { signIn }");
      expect([asked.errors, asked.data, names(asked)]).toEqual([
        undefined,
        { signIn: "user-2" },
        ["sAccessToken", "sRefreshToken"],
      ]);
      expect((await ask(user, "{ me { id } }")).data).toEqual({ me: { id: "user-2" } });
    });

    it("a context of the application's own may name the response, or hide it: then a session is only read", async () => {
      const given = (...args: unknown[]) => {
        const [first, second] = args as [{ req?: object; res?: object }, object];
        return { req: first.req ?? first, res: first.res ?? second };
      };
      const named = await start(testSession(), { context: given });
      expect(names(await ask(named.client(), "mutation { signIn }"))).toEqual([
        "sAccessToken",
        "sRefreshToken",
      ]);
      await app?.close();

      const hidden = (...args: unknown[]) => {
        const { req, headers } = args[0] as { req?: { headers: object }; headers: object };
        return { req: { method: "POST", url: "/graphql", headers: req?.headers ?? headers } };
      };
      const { signedIn } = await start(testSession(), { context: hidden });
      const user = await signedIn();
      expect((await ask(user, "{ me { id handle } }")).errors).toBeUndefined();
      const refused = await ask(user, "mutation { signIn visit }");
      expect([refused.data, refused.setCookies]).toEqual([{ signIn: null, visit: null }, []]);
      expect(refused.errors?.map(({ message }) => message)).toEqual(
        Array(2).fill(expect.stringContaining("the GraphQL context names no response")),
      );
    });

    it("a context without a request is no stranger, but a mistake that is named", async () => {
      const { signedIn, errors } = await start(testSession(), {
        context: () => ({ req: new Request("http://localhost/graphql") }),
      });
      const asked = await ask(await signedIn(), "{ me { id } bare maybe { id } }");
      expect(asked.data).toEqual({ me: null, bare: null, maybe: null });
      expect(asked.errors?.map(({ extensions }) => extensions.code)).toEqual(
        Array(3).fill("INTERNAL_SERVER_ERROR"),
      );
      expect(errors).toHaveLength(3);
    });

    it("an expired session is 401 for a client that refreshes by itself, if the operation can be repeated", async () => {
      let nowMs = Date.now();
      const clock = { wallMs: () => nowMs, monoMs: () => nowMs };
      const { signedIn } = await start(testSession({ clock }), { allowBatchedHttpRequests: true });
      const user = await signedIn();
      nowMs += 2 * 3_600_000;
      const plain = { "st-auth-mode": undefined };
      const expired = { message: "try refresh token", extensions: unauthenticated("TRY_REFRESH_TOKEN") };
      const query = "{ open me { id } bare }";
      for (const [text, headers, status] of [
        [query, {}, 401],
        [query, plain, 200],
        ["mutation { visit }", {}, 401],
        ["mutation { a: visit b: visit }", {}, 200],
        ["mutation { ...f } fragment f on Mutation { visit }", {}, 200],
      ] as const) {
        const asked = await ask(user, text, headers);
        expect([text, asked.status, asked.setCookies]).toEqual([text, status, []]);
        expect(asked.errors?.[0]).toMatchObject(expired);
      }
      const batch = await user.post("/graphql", [{ query }, { query: "mutation { visit }" }]);
      expect([batch.status, (batch.json as unknown[]).length]).toEqual([200, 2]);
      expect((await user.refresh()).status).toBe(200);
      const repeated = await ask(user, query);
      expect([repeated.status, repeated.data]).toEqual([
        200,
        { open: "open", me: { id: "user-1" }, bare: "user-1" },
      ]);
    });

    it("errors of the application clear tokens, and new ones arrive with errors of others", async () => {
      const { signedIn, errors } = await start(testSession());
      const user = await signedIn();
      const merged = await ask(user, "{ touch foreign forbidden }");
      expect([merged.data, names(merged)]).toEqual([
        { touch: "touched", foreign: null, forbidden: null },
        ["sAccessToken"],
      ]);
      expect(errors).toHaveLength(1);
      const tokens = [...user.cookies.values()].map(({ value }) => value);
      expect(tokens).toHaveLength(2);
      for (const token of tokens) expect(merged.body).not.toContain(token);

      const ended = await ask(user, "mutation { endIt }");
      expect(ended.errors).toMatchObject([
        { message: "unauthorised", extensions: unauthenticated("UNAUTHORISED") },
      ]);
      expect(ended.status).toBe(200);
      expect(user.cookies.size).toBe(0);
    });

    it("an outage is no stranger: its own code, Retry-After, and nothing cleared", async () => {
      class DownStore extends MemoryStore {
        isDown = false;
        override async getSession(handle: string, nowMs: number) {
          if (this.isDown) throw new Error("connect ECONNREFUSED");
          return super.getSession(handle, nowMs);
        }
      }
      const store = new DownStore();
      const { signedIn } = await start(testSession({ store, checkDatabaseByDefault: true }));
      const user = await signedIn();
      store.isDown = true;
      const asked = await ask(user, "{ me { id } open }");
      expect(asked.errors).toMatchObject([
        {
          message: "session store unavailable",
          extensions: { code: "STORE_UNAVAILABLE", session: { type: "STORE_UNAVAILABLE" } },
        },
      ]);
      expect([asked.status, asked.data, asked.header("retry-after"), asked.setCookies]).toEqual([
        200,
        { me: null, open: "open" },
        "1",
        [],
      ]);
    });

    it("subscriptions: a session is read for each operation, from cookies of our own pages or a token", async () => {
      let nowMs = Date.now();
      const clock = { wallMs: () => nowMs, monoMs: () => nowMs };
      const session = testSession({ clock });
      const { signedIn } = await start(session, { subscriptions: { "graphql-ws": true } });
      const user = await signedIn();
      const cookie = user.cookieHeader() ?? "";
      const created = await session.createNewSessionWithoutRequestResponse("user-3");
      const authorization = `Bearer ${created.getAccessToken()}`;
      const ticks = "subscription { ticks }";
      const foreign = { cookie, origin: "https://elsewhere.example" };
      for (const [headers, params, answer] of [
        [{ cookie, origin: "http://localhost:3000" }, {}, "user-1"],
        [{}, { Authorization: authorization }, "user-3"],
        [{ authorization }, {}, "user-3"],
        [foreign, {}, { code: "FORBIDDEN", session: { type: "CSRF_REJECTED" } }],
        [foreign, { rid: "anti-csrf" }, { code: "FORBIDDEN", session: { type: "CSRF_REJECTED" } }],
        [{}, { cookie }, unauthenticated("UNAUTHORISED")],
      ] as const) {
        const socket = await GraphqlSocket.open(user.base, headers, params);
        const { data, errors } = await socket.ask(ticks);
        expect(data?.ticks ?? errors?.[0]?.extensions).toEqual(answer);
        socket.close();
      }

      const socket = await GraphqlSocket.open(user.base, { cookie }, {});
      expect(await socket.ask("{ me { id } }")).toEqual({ data: { me: { id: "user-1" } } });
      const refused = await socket.ask("mutation { visit }");
      expect(refused.errors?.[0]?.message).toContain("this operation came over a WebSocket");
      nowMs += 2 * 3_600_000;
      const expired = await socket.ask(ticks);
      expect(expired.errors?.[0]?.extensions).toEqual(unauthenticated("TRY_REFRESH_TOKEN"));
      socket.close();
    });

    it("subscriptions: a context that names the request of the upgrade is held to the same", async () => {
      const { signedIn } = await start(testSession(), {
        subscriptions: { "graphql-ws": true },
        context: ({ extra, req }: { extra?: { request: object }; req?: object }) => ({
          req: extra?.request ?? req,
        }),
      });
      const user = await signedIn();
      const { base } = user;
      const cookie = user.cookieHeader() ?? "";
      const own = await GraphqlSocket.open(base, { cookie }, {});
      expect(await own.ask("subscription { ticks }")).toEqual({ data: { ticks: "user-1" } });
      const refused = await own.ask("mutation { visit }");
      expect(refused.errors?.[0]?.message).toContain("this operation came over a WebSocket");
      own.close();
      const foreign = await GraphqlSocket.open(base, { cookie, origin: "https://elsewhere.example" }, {});
      const { errors } = await foreign.ask("subscription { ticks }");
      expect(errors?.[0]?.extensions).toEqual({ code: "FORBIDDEN", session: { type: "CSRF_REJECTED" } });
      foreign.close();
    });

    it("a catch-all filter of the application leaves our errors to us", async () => {
      const session = testSession();
      @Catch()
      class CatchAll implements ExceptionFilter {
        async catch(error: unknown, host: ArgumentsHost): Promise<unknown> {
          if (await session.answerError(error, host)) return;
          throw Object.assign(new Error("caught"), { extensions: { code: "CAUGHT" } });
        }
      }
      const { client, signedIn } = await start(
        session,
        {},
        { providers: [...resolversOf(session), { provide: APP_FILTER, useClass: CatchAll }] },
      );
      const stranger = await ask(client(), "{ me { id } }");
      expect(stranger.errors).toMatchObject([
        { message: "unauthorised", extensions: unauthenticated("UNAUTHORISED") },
      ]);
      const foreign = await ask(await signedIn(), "{ foreign }");
      expect(foreign.errors).toMatchObject([{ message: "caught", extensions: { code: "CAUGHT" } }]);
    });
  });
}

async function startGraphql(
  platform: Platform,
  session: NestSession,
  config: Partial<ApolloDriverConfig>,
  parts: Partial<Parameters<typeof startApp>[1]>,
): Promise<TestApp> {
  return startApp(platform, {
    session,
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        includeStacktraceInErrorResponses: false,
        ...config,
      }),
    ],
    providers: resolversOf(session),
    ...parts,
  });
}

async function ask(client: WireClient, query: string, headers: Record<string, undefined> = {}) {
  const response = await client.post("/graphql", { query }, headers);
  const { data, errors } = response.json as Answer;
  return Object.assign(response, { data, errors });
}
