import { EventEmitter } from "node:events";
import type { Server } from "node:net";
import { Readable } from "node:stream";
import { createUserRoles } from "@acme/session-core/user-roles";
import {
  type ArgumentsHost,
  Catch,
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  Req,
  Res,
  Scope,
  Sse,
  StreamableFile,
  type Type,
  UseFilters,
  UseGuards,
  VersioningType,
} from "@nestjs/common";
import { APP_GUARD, REQUEST } from "@nestjs/core";
import { ExecutionContextHost } from "@nestjs/core/helpers/execution-context-host.js";
import {
  ClientProxyFactory,
  MessagePattern,
  type MicroserviceOptions,
  Payload,
  Transport,
} from "@nestjs/microservices";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { FastifyReply } from "fastify";
import { lastValueFrom, of } from "rxjs";
import { afterEach, describe, expect, it } from "vitest";
import {
  AnsweredSessionError,
  InjectSession,
  MemoryStore,
  type NestSession,
  PublicAccess,
  SESSION,
  type SessionContainer,
  SessionError,
  SessionExceptionFilter,
  SessionGuard,
  SessionModule,
  type SessionModuleOptions,
  type SessionOptionsFactory,
  sessionErrorIn,
  VerifySession,
} from "../../src/index.js";
import { createApp, listen, type PlatformRequest, type PlatformResponse, platforms } from "./platforms.js";
import { startApp, type TestApp, testSession } from "./test-app.js";

const names = (response: { setCookies: readonly { name: string }[] }) =>
  response.setCookies.map(({ name }) => name).sort();
const answerOf = ({ status, body }: { status: number; body: string }) => [status, body];
const UNAUTHORISED = [401, '{"message":"unauthorised"}'];
const never = { id: "never", validate: () => ({ isValid: false as const }) };

/** The rows of this adapter, on the Nest that the process runs. */
export function describeNest(major: string): void {
  describe.each(platforms)(`${major} on %s`, (platform) => {
    let app: TestApp | undefined;
    afterEach(async () => {
      await app?.close();
      app = undefined;
    });

    it("VerifySession guards by itself, and decides once where the guard is global too", async () => {
      const session = testSession({ plugins: [createUserRoles()] });
      let judged = 0;
      const counting = { id: "counting", validate: () => ({ isValid: ++judged > 0 }) };

      @Controller("alone")
      class AloneController {
        @Get()
        @VerifySession({ require: [counting] })
        alone() {
          return { in: true };
        }

        @Get("admin")
        @VerifySession({ roles: ["admin"] })
        admin() {
          return { in: true };
        }

        @Get("open")
        open() {
          return { in: true };
        }
      }

      @Controller("class")
      @VerifySession({ require: [counting] })
      class ClassController {
        @Get()
        @VerifySession()
        whole() {
          return { in: true };
        }
      }

      const controllers = [AloneController, ClassController];
      for (const providers of [[], [{ provide: APP_GUARD, useClass: SessionGuard }]]) {
        app = await startApp(platform, {
          session,
          controllers,
          providers: providers as NonNullable<ModuleMetadata["providers"]>,
        });
        const user = providers.length === 0 ? await app.signedIn() : app.client();
        expect(answerOf(await app.client().get("/alone"))).toEqual(UNAUTHORISED);
        expect(answerOf(await app.client().get("/class"))).toEqual(UNAUTHORISED);
        expect((await app.client().get("/alone/open")).status).toBe(providers.length === 0 ? 200 : 401);
        if (providers.length === 0) {
          for (const path of ["/alone", "/class"]) {
            judged = 0;
            expect([(await user.get(path)).json, judged]).toEqual([{ in: true }, 1]);
          }
          expect((await user.get("/alone/admin")).status).toBe(403);
          await app.close();
        }
      }
    });

    it("VerifySession with an option that is wrong is refused when the class is loaded", () => {
      const slip: object = { requires: [never] };
      const told = expect.objectContaining({
        type: "INVALID_OPTION",
        message: expect.stringContaining("did you mean `require`?"),
      });
      expect(() => VerifySession(slip)).toThrow(told);
      expect(() => testSession().verifySession(slip)).toThrow(told);
    });

    it("VerifySession by roles, where roles are unknown, is refused when the application starts", async () => {
      @Controller("admin")
      class AdminController {
        @Get("open")
        open() {
          return { in: true };
        }

        @Get()
        @VerifySession({ roles: ["admin"] })
        admin() {
          return { in: true };
        }
      }
      @Controller("elsewhere")
      class OpenController {}
      class InheritingController extends AdminController {}
      Controller("inheriting")(InheritingController);
      @Controller("class")
      @VerifySession({ permissions: ["edit"] })
      class ClassController {
        @Get()
        whole() {
          return { in: true };
        }
      }
      const refused = async (controller: Type, told: string, parts: ModuleMetadata = {}) => {
        const session = testSession();
        const starting = startApp(platform, { session, controllers: [controller], ...parts });
        await expect(starting).rejects.toThrow(
          expect.objectContaining({
            type: "INVALID_OPTION",
            message: expect.stringMatching(`\`VerifySession\` of ${told}: .*createUserRoles`),
          }),
        );
        await session.close();
      };
      await refused(AdminController, "AdminController.admin");
      await refused(InheritingController, "InheritingController.admin");
      await refused(ClassController, "ClassController.whole");
      await refused(AdminController, "AdminController.admin", {
        providers: [{ provide: APP_GUARD, useClass: SessionGuard }],
      });
      @Module({ controllers: [AdminController] })
      class FeatureModule {}
      await refused(OpenController, "AdminController.admin", { imports: [FeatureModule] });
    });

    it("an application whose VerifySession was lost on the way to a route does not start", async () => {
      const timed = (_target: object, _key: string | symbol, descriptor: PropertyDescriptor) => {
        const value: (...given: unknown[]) => unknown = descriptor.value;
        descriptor.value = function (this: unknown, ...given: unknown[]) {
          return value.apply(this, given);
        };
      };
      const nothing: MethodDecorator = () => {};

      @Controller("wrapped")
      @UseGuards(SessionGuard)
      class WrappedController {
        @Get()
        @timed
        @VerifySession({ require: [never] })
        secret() {
          return "secret";
        }
      }
      class AdminBase {
        @Get()
        @VerifySession({ require: [never] })
        secret() {
          return "secret";
        }
      }
      @Controller("overriding")
      class OverridingController extends AdminBase {
        @Get()
        override secret() {
          return super.secret();
        }
      }
      const refused = async (controller: Type, told: string) => {
        const session = testSession();
        @Module({ controllers: [controller] })
        class FeatureModule {}
        await expect(startApp(platform, { session, imports: [FeatureModule] })).rejects.toThrow(told);
        await session.close();
      };
      await refused(WrappedController, "WrappedController.secret: a decorator above `@VerifySession()`");
      await refused(OverridingController, "OverridingController.secret overrides a method with");
      expect(() => {
        class Twice {
          @VerifySession()
          @timed
          @VerifySession({ require: [never] })
          secret() {}
        }
        return Twice;
      }).toThrow("Twice.secret: a decorator above `@VerifySession()` replaces the method");

      // What reaches its route, or is none, starts.
      @Controller("kept")
      class KeptController extends AdminBase {
        @VerifySession()
        @Get("wrapped")
        @nothing
        @timed
        wrapped() {
          return "secret";
        }
      }
      @Controller("said")
      class SaidController extends AdminBase {
        @Get()
        @PublicAccess()
        override secret() {
          return "open";
        }
      }
      @Controller("none")
      class NoneController extends AdminBase {
        override secret() {
          return "unreachable";
        }
      }
      const controllers = [KeptController, SaidController, NoneController];
      app = await startApp(platform, { session: testSession(), controllers });
      const user = await app.signedIn();
      const ask = async (path: string) => [
        (await app?.client().get(path))?.status,
        (await user.get(path)).status,
      ];
      expect(await ask("/kept")).toEqual([401, 403]);
      expect(await ask("/kept/wrapped")).toEqual([401, 200]);
      expect(await ask("/said")).toEqual([200, 200]);
      expect(await ask("/none")).toEqual([404, 404]);
    });

    it("VerifySession by roles is judged by the instance that its module sees", async () => {
      const session = testSession();
      const appInfo = {
        appName: "knowing",
        apiDomain: "http://127.0.0.1",
        websiteDomain: "http://127.0.0.1",
      };
      const knowing = testSession({
        appInfo: { ...appInfo, apiBasePath: "/knowing" },
        plugins: [createUserRoles()],
      });
      @Controller("admin")
      class AdminController {
        @Get()
        @VerifySession({ roles: ["admin"] })
        admin() {
          return { in: true };
        }
      }
      @Module({
        imports: [SessionModule.forRoot({ session: knowing, global: false })],
        controllers: [AdminController],
      })
      class AdminModule {}
      const sessionModule = SessionModule.forRoot({ session, global: false });
      app = await startApp(platform, { session, sessionModule, imports: [AdminModule] });
      expect((await app.client().get("/admin")).status).toBe(401);
      await knowing.close();
    });

    it("a decorator that was not called says so when the class is loaded", () => {
      const told = (name: string) =>
        expect.objectContaining({
          type: "INVALID_ARGUMENT",
          message: expect.stringContaining(`write \`@${name}()\``),
        });
      const class_ = () => class {};
      for (const [name, decorator] of Object.entries({ VerifySession, PublicAccess, InjectSession })) {
        const used = decorator as (...given: unknown[]) => unknown;
        expect(() => used(class_())).toThrow(told(name));
        expect(() => used({}, "method", { value: () => {} })).toThrow(told(name));
      }
      const param = testSession() as (...given: unknown[]) => unknown;
      expect(() => param({}, "method", 0)).toThrow(told("Session"));
      expect(() => param(class_(), undefined, 0)).toThrow(told("Session"));
      expect(() => param("userID")).toThrow(expect.objectContaining({ type: "INVALID_OPTION" }));
      const used = VerifySession() as (...given: unknown[]) => unknown;
      expect(() => used({}, "property")).toThrow("go on a class or on its method");
      const routed = { value: () => {} };
      VerifySession({ checkDatabase: true })({}, "routed", routed);
      expect(() => PublicAccess()({}, "routed", routed)).toThrow("take one away");
    });

    it("VerifySession that stands twice, or on a class and on the one that it extends, counts whole", async () => {
      const session = testSession();
      @Controller("twice")
      class TwiceController {
        @Get()
        @VerifySession({ checkDatabase: true })
        @VerifySession({ require: [never] })
        twice() {
          return { in: true };
        }

        @Get("inherited")
        @VerifySession(Object.create({ require: [never] }))
        inherited() {
          return { in: true };
        }
      }
      @VerifySession({ require: [never] })
      class BaseController {}
      @Controller("extended")
      @VerifySession({ checkDatabase: true })
      class ExtendedController extends BaseController {
        @Get()
        extended() {
          return { in: true };
        }
      }
      app = await startApp(platform, { session, controllers: [TwiceController, ExtendedController] });
      const user = await app.signedIn();
      expect((await user.get("/twice")).status).toBe(403);
      expect((await user.get("/twice/inherited")).status).toBe(403);
      expect((await user.get("/extended")).status).toBe(403);
    });

    it("a module without its instance says what to write", async () => {
      const session = testSession();
      const starting = startApp(platform, { session, sessionModule: SessionModule });
      await expect(starting).rejects.toThrow("SessionModule.forRoot({ session: Session })");
      await session.close();
    });

    it("a module that is given something else says what it takes", async () => {
      const session = testSession();
      const given = (options: unknown) => () => SessionModule.forRoot(options as SessionModuleOptions);
      const told = (message: string) =>
        expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringContaining(message) });
      expect(given(session)).toThrow(told("write `{ session: Session }`"));
      for (const options of [null, undefined, "session", [], Promise.resolve({})])
        expect(given(options)).toThrow(told("createSession"));
      expect(given({ session: "x" })).toThrow(told("createSession()"));
      expect(given({ session: {} })).toThrow(told("createSession()"));
      expect(given({ session, gloabl: true })).toThrow(told("did you mean `global`?"));
      expect(given({ cookieDomian: "example.com" })).toThrow(told("did you mean `cookieDomain`?"));
      expect(() => SessionModule.forRootAsync(undefined as never)).toThrow(told("must be an object"));
      expect(() => SessionModule.forRootAsync({ useFactoryy: () => ({ session }) } as object)).toThrow(
        told("did you mean `useFactory`?"),
      );
      const sessionModule = SessionModule.forRootAsync({
        useFactory: () => session as unknown as SessionModuleOptions,
      });
      await expect(startApp(platform, { session, sessionModule })).rejects.toThrow(
        "write `{ session: Session }`",
      );
    });

    it("a guard, and a middleware, that was handed over without being called lets nobody in", async () => {
      const session = testSession();
      @Controller("uncalled")
      class UncalledController {
        @Get()
        @UseGuards(session.verifySession as never)
        uncalled() {
          return { in: true };
        }
      }
      const starting = startApp(platform, { session, controllers: [UncalledController] });
      await expect(
        starting.then(async (started) => {
          app = started;
          const { status } = await (await started.signedIn()).get("/uncalled");
          if (status !== 200) throw new Error(String(status));
        }),
      ).rejects.toThrow();
      expect(() => (session.middleware as (...given: unknown[]) => unknown)({}, {}, () => {})).toThrow(
        "write `middleware()`",
      );
    });

    it("NE-01, NE-02: options of a controller and of its route are honoured together, and none is lost", async () => {
      const store = new MemoryStore();
      const session = testSession({ store });

      @Controller("merged")
      @UseGuards(SessionGuard)
      @VerifySession({ checkDatabase: true, require: [never] })
      class MergedController {
        @Get("off")
        @VerifySession({ overrideGlobalClaimValidators: () => [] })
        off(@session("userId") userId: string) {
          return { userId };
        }

        @Get("optional")
        @VerifySession({ sessionRequired: false })
        optional(@session() found?: SessionContainer) {
          return { userId: found?.getUserId() ?? null };
        }

        @Get("public")
        @PublicAccess()
        open() {
          return { open: true };
        }

        @Get("plain")
        plain() {
          return {};
        }
      }

      @Controller("open")
      @UseGuards(SessionGuard)
      @PublicAccess()
      class OpenController {
        @Get()
        open() {
          return { open: true };
        }

        @Get("guarded")
        @VerifySession()
        guarded(@session() found: SessionContainer) {
          return { userId: found.getUserId() };
        }
      }

      app = await startApp(platform, { session, controllers: [MergedController, OpenController] });
      const user = await app.signedIn();
      const stranger = app.client();
      const refused = [403, '{"message":"invalid claim","claimValidationErrors":[{"id":"never"}]}'];
      expect(answerOf(await user.get("/merged/off"))).toEqual(refused);
      expect(answerOf(await user.get("/merged/plain"))).toEqual(refused);
      expect(answerOf(await user.get("/merged/optional"))).toEqual(refused);
      expect((await stranger.get("/merged/optional")).json).toEqual({ userId: null });
      expect(answerOf(await stranger.get("/merged/plain"))).toEqual(UNAUTHORISED);
      expect((await stranger.get("/merged/public")).json).toEqual({ open: true });
      expect((await stranger.get("/open")).json).toEqual({ open: true });
      expect(answerOf(await stranger.get("/open/guarded"))).toEqual(UNAUTHORISED);
      expect((await user.get("/open/guarded")).json).toEqual({ userId: "user-1" });
      // By an object of its own the same data is another process's, of whose revocations nobody here knows.
      const unknown = new Proxy(store, {
        get(_target, name) {
          const member: unknown = Reflect.get(store, name, store);
          return typeof member === "function" ? member.bind(store) : member;
        },
      });
      const elsewhere = testSession({ store: unknown });
      await elsewhere.revokeAllSessionsForUser("user-1");
      await elsewhere.close();
      // The token is good for 15 minutes where another process revoked it; the controller's checkDatabase looks behind it.
      expect((await user.get("/open/guarded")).status).toBe(200);
      expect((await user.get("/merged/off")).status).toBe(401);
    });

    it("NE-03: forRootAsync with useFactory, useClass and useExisting, and an instance that the module makes", async () => {
      const session = testSession();
      @Injectable()
      class Options implements SessionOptionsFactory {
        createSessionOptions(): SessionModuleOptions {
          return { session };
        }
      }
      @Module({
        providers: [Options, { provide: "SESSION_NAME", useValue: "s" }],
        exports: [Options, "SESSION_NAME"],
      })
      class OptionsModule {}

      @Controller()
      class InjectedController {
        readonly #session: NestSession;
        constructor(@InjectSession() injected: NestSession) {
          this.#session = injected;
        }

        @Get("injected")
        @UseGuards(SessionGuard)
        injected() {
          return { same: this.#session === session };
        }
      }

      const imports = [OptionsModule];
      for (const sessionModule of [
        SessionModule.forRootAsync({
          imports,
          inject: ["SESSION_NAME"],
          useFactory: async (name: string) => ({ session: name === "s" ? session : testSession() }),
        }),
        SessionModule.forRootAsync({ useClass: Options }),
        SessionModule.forRootAsync({ imports, useExisting: Options }),
      ]) {
        app = await startApp(platform, { session, sessionModule, controllers: [InjectedController] });
        expect((await (await app.signedIn()).get("/injected")).json).toEqual({ same: true });
        app.app.getHttpServer().closeAllConnections();
        await app.app.close();
      }
      expect(() => SessionModule.forRootAsync({})).toThrow("needs `useFactory`, `useClass` or `useExisting`");
    });

    it("a module with the same instance is imported as often as it is needed", async () => {
      const session = testSession();
      @Module({ imports: [SessionModule.forRoot({ session })] })
      class FeatureModule {}
      @Module({ imports: [SessionModule.forRootAsync({ useFactory: () => ({ session }) })] })
      class AsyncModule {}
      app = await startApp(platform, { session, imports: [FeatureModule, AsyncModule] });
      expect((await (await app.signedIn()).post("/auth/session/refresh", {})).status).toBe(200);
      expect((await app.client().get("/auth/jwt/jwks.json")).status).toBe(200);
    });

    it("two instances that serve one path do not start, and say so", async () => {
      const session = testSession();
      const other = testSession();
      const imports = [SessionModule.forRoot({ session: other })];
      await expect(startApp(platform, { session, imports })).rejects.toThrow(
        "two instances serve POST /auth/session/refresh: give each an `apiBasePath` of its own",
      );
      await session.close();
      await other.close();
    });

    it("options that would differ by request are refused in words of ours", () => {
      @Injectable({ scope: Scope.REQUEST })
      class Tenant {
        createSessionOptions = () => ({});
      }
      const useFactory = () => ({});
      const optional = { token: REQUEST, optional: true };
      for (const given of [
        { inject: [REQUEST], useFactory },
        { inject: [optional], useFactory },
        { inject: [Tenant], useFactory },
        { useClass: Tenant },
      ]) {
        expect(() => SessionModule.forRootAsync(given)).toThrow(
          /cannot depend on (REQUEST|Tenant), which is made/,
        );
      }
    });

    it("NE-03: the instance that the module makes is closed with the application", async () => {
      const { MemoryStore, silentLogger } = await import("../../src/index.js");
      const closed: string[] = [];
      class ClosableStore extends MemoryStore {
        override async close(): Promise<void> {
          closed.push("store");
        }
      }
      app = await startApp(platform, {
        session: testSession(),
        sessionModule: SessionModule.forRoot({ store: new ClosableStore(), logger: silentLogger }),
      });
      const own = app.app.get<NestSession>(SESSION);
      expect(typeof own.getSession).toBe("function");
      await app.app.close();
      expect(closed).toEqual(["store"]);
    });

    it("NE-04: cookies of Nest's middleware, of the handler and ours all arrive", async () => {
      const session = testSession();

      @Controller()
      class CookieController {
        @Get("cookies")
        @UseGuards(SessionGuard)
        async cookies(@session() found: SessionContainer, @Res({ passthrough: true }) res: PlatformResponse) {
          await found.mergeIntoAccessTokenPayload({ merged: true });
          if ("cookie" in res) res.cookie("handler", "1");
          else res.header("set-cookie", "handler=1");
          return {};
        }
      }

      app = await startApp(platform, {
        session,
        controllers: [CookieController],
        configure: (consumer) =>
          consumer
            .apply(
              (_req: unknown, res: { setHeader(name: string, value: string): void }, next: () => void) => {
                res.setHeader("Set-Cookie", "middleware=1");
                next();
              },
            )
            .forRoutes("cookies"),
      });
      const response = await (await app.signedIn()).get("/cookies");
      expect([response.status, names(response)]).toEqual([200, ["handler", "middleware", "sAccessToken"]]);
      expect(response.header("cache-control")).toBe("private, no-store");
    });

    it("NE-05: the endpoints stay where they are configured, under a global prefix, versions and wildcard middleware", async () => {
      const session = testSession();

      @Controller({ path: "me", version: "2" })
      class MeController {
        @Get()
        @UseGuards(SessionGuard)
        me(@session("userId") userId: string) {
          return { userId };
        }
      }

      let seen = 0;
      app = await startApp(platform, {
        session,
        controllers: [MeController],
        configure: (consumer) =>
          consumer
            .apply((_req: unknown, _res: unknown, next: () => void) => {
              seen += 1;
              next();
            })
            .forRoutes("{*splat}"),
        prepare: (nest) => {
          nest.setGlobalPrefix("api");
          nest.enableVersioning({ type: VersioningType.URI });
        },
      });
      const user = app.client();
      await user.post("/api/login", {});
      expect((await user.get("/api/v2/me")).json).toEqual({ userId: "user-1" });
      expect(answerOf(await user.refresh())).toEqual([200, "{}"]);
      expect((await user.get("/api/v2/me")).json).toEqual({ userId: "user-1" });
      expect((await user.send("POST", "/api/auth/session/refresh")).status).toBe(404);
      expect((await user.get("/auth/jwt/jwks.json")).status).toBe(200);
      expect(seen).toBeGreaterThan(0);
    });

    it("NE-06: a refresh with malformed JSON is served by Fastify, and by Express once our middleware stands in main.ts", async () => {
      const refresh = async (prepare?: Parameters<typeof startApp>[1]["prepare"]) => {
        const session = testSession();
        app = await startApp(platform, { session, ...(prepare === undefined ? {} : { prepare }) });
        const user = await app.signedIn();
        const response = await user.refresh({ "content-type": "application/json" }, "{");
        await app.close();
        return response;
      };
      const plain = await refresh();
      expect([plain.status, plain.setCookies.length]).toEqual(platform === "fastify" ? [200, 2] : [400, 0]);
      const session = testSession();
      app = await startApp(platform, { session, prepare: (nest) => nest.use(session.middleware()) });
      const user = await app.signedIn();
      expect((await user.refresh({ "content-type": "application/json" }, "{")).status).toBe(200);
    });

    it("NE-07: guard, parameters and getSession verify once between them", async () => {
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

      @Controller()
      class OnceController {
        @Get("once")
        @UseGuards(SessionGuard)
        async once(
          @session() found: SessionContainer,
          @session("handle") handle: string,
          @session("accessTokenPayload") payload: object,
          @Req() req: PlatformRequest,
          @Res({ passthrough: true }) res: PlatformResponse,
        ) {
          const again = await session.getSession(req, res);
          return {
            same: found === again && session.of(req) === again && handle === again.getHandle(),
            payload: typeof payload,
          };
        }
      }

      app = await startApp(platform, { session, controllers: [OnceController] });
      const user = await app.signedIn();
      expect((await user.get("/once")).json).toEqual({ same: true, payload: "object" });
      expect(verifications).toBe(1);
    });

    it("the parameter decorator requires a session where no guard has looked for one", async () => {
      const session = testSession();
      @Controller()
      class BareController {
        @Get("bare")
        bare(@session() found: SessionContainer) {
          return { userId: found.getUserId() };
        }
      }
      app = await startApp(platform, { session, controllers: [BareController] });
      expect(answerOf(await app.client().get("/bare"))).toEqual(UNAUTHORISED);
      expect((await (await app.signedIn()).get("/bare")).json).toEqual({ userId: "user-1" });
    });

    it("the parameter decorator keeps what VerifySession says, also when its guard was forgotten", async () => {
      const session = testSession();
      @Controller()
      class ForgetfulController {
        @Get("strict")
        @VerifySession({ require: [never] })
        strict(@session() found: SessionContainer) {
          return { userId: found.getUserId() };
        }

        @Get("lenient")
        @VerifySession({ sessionRequired: false })
        lenient(@session() found?: SessionContainer) {
          return { userId: found?.getUserId() ?? null };
        }
      }
      app = await startApp(platform, {
        session,
        controllers: [ForgetfulController],
        // What middleware finds is no answer to what the route asks for.
        configure: (consumer) =>
          consumer
            .apply((req: never, res: never, next: (error?: unknown) => void) => {
              session.getSession(req, res, { sessionRequired: false }).then(() => next(), next);
            })
            .forRoutes("strict"),
      });
      expect((await (await app.signedIn()).get("/strict")).status).toBe(403);
      expect((await app.client().get("/lenient")).json).toEqual({ userId: null });
    });

    it("NE-10: an object that is no response is named at once", async () => {
      const session = testSession();
      @Controller()
      class WrongController {
        @Get("wrong")
        async wrong(@Req() req: PlatformRequest, @Res({ passthrough: true }) res: PlatformResponse) {
          const wrong = [
            () => session.getSession(req, { data: {} } as never),
            () => session.getSession(req, undefined as never),
            () => session.getSession({} as never, res),
            () => session.getSession(undefined as never, res),
            () => session.getSession(new Request("http://localhost/wrong") as never, res),
            () => session.getSession({ req } as never, res),
          ];
          return Promise.all(
            wrong.map((call) =>
              call().catch((error: unknown) => (SessionError.is(error) ? error.type : "?")),
            ),
          );
        }
      }
      app = await startApp(platform, { session, controllers: [WrongController] });
      expect((await (await app.signedIn()).get("/wrong")).json).toEqual(Array(6).fill("INVALID_ARGUMENT"));
    });

    it("NE-11: events, files and raw responses carry a new token", async () => {
      const session = testSession();
      @Controller()
      @UseGuards(SessionGuard)
      class StreamController {
        @Sse("events")
        async events(@session() found: SessionContainer) {
          await found.mergeIntoAccessTokenPayload({ from: "events" });
          return of({ data: "1" });
        }

        @Get("file")
        async file(@session() found: SessionContainer) {
          await found.mergeIntoAccessTokenPayload({ from: "file" });
          return new StreamableFile(Readable.from([Buffer.from("1")]), { type: "text/plain" });
        }

        @Get("raw")
        async raw(@session() found: SessionContainer, @Res() res: PlatformResponse) {
          await found.mergeIntoAccessTokenPayload({ from: "raw" });
          if ("hijack" in res) (res as FastifyReply).hijack();
          const raw = "raw" in res ? res.raw : res;
          raw.writeHead(200, { "content-type": "text/plain" });
          raw.end("1");
        }
      }
      app = await startApp(platform, { session, controllers: [StreamController] });
      const user = await app.signedIn();
      for (const path of ["/events", "/file", "/raw"]) {
        const response = await user.get(path);
        expect([path, response.status, names(response)]).toEqual([path, 200, ["sAccessToken"]]);
      }
    });

    it("NE-12: a global guard from a factory, and request-scoped providers, without a class of Nest injected", async () => {
      const session = testSession();
      @Injectable({ scope: Scope.REQUEST })
      class PerRequest {
        readonly name = "per request";
      }
      @Controller()
      class ScopedController {
        readonly #perRequest: PerRequest;
        constructor(@Inject(PerRequest) perRequest: PerRequest) {
          this.#perRequest = perRequest;
        }

        @Get("scoped")
        scoped(@session("userId") userId: string) {
          return { userId, name: this.#perRequest.name };
        }

        @Get("open")
        @PublicAccess()
        open() {
          return { open: true };
        }
      }
      app = await startApp(platform, {
        session,
        controllers: [ScopedController],
        providers: [
          PerRequest,
          {
            provide: APP_GUARD,
            inject: [SESSION],
            useFactory: (injected: NestSession) => new SessionGuard(injected),
          },
        ],
      });
      const stranger = app.client();
      expect(answerOf(await stranger.get("/scoped"))).toEqual(UNAUTHORISED);
      expect((await stranger.get("/open")).json).toEqual({ open: true });
      expect((await stranger.get("/auth/jwt/jwks.json")).status).toBe(200);
    });

    it("a guard with options of its own stands beside the class", async () => {
      const session = testSession();
      @Controller()
      class OwnGuardController {
        @Get("own")
        @UseGuards(session.verifySession({ require: [never] }))
        own() {
          return {};
        }
      }
      app = await startApp(platform, { session, controllers: [OwnGuardController] });
      expect((await app.client().get("/own")).status).toBe(401);
      expect((await (await app.signedIn()).get("/own")).status).toBe(403);
    });

    it("NE-13: the filter leaves a response alone that is out, and answers what middleware threw", async () => {
      const session = testSession();
      const failure = new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
      @Controller()
      class SentController {
        @Get("sent")
        sent(@Res() res: PlatformResponse) {
          if ("raw" in res) res.send("sent");
          else res.send("sent");
          throw failure;
        }

        @Get("middleware")
        middleware() {
          return {};
        }
      }
      app = await startApp(platform, {
        session,
        controllers: [SentController],
        configure: (consumer) =>
          consumer
            .apply((req: never, res: never, next: (error?: unknown) => void) => {
              session.getSession(req, res).then(() => next(), next);
            })
            .forRoutes("middleware"),
      });
      const user = await app.signedIn();
      const sent = await user.get("/sent");
      expect([sent.status, sent.body, sent.setCookies]).toEqual([200, "sent", []]);
      expect(answerOf(await app.client().get("/middleware"))).toEqual(UNAUTHORISED);
      expect((await user.get("/middleware")).status).toBe(200);
    });

    it("errors that tell a developer of a mistake are Nest's 500, and are logged", async () => {
      const session = testSession();
      @Controller()
      class MistakenController {
        @Get("mistaken")
        async mistaken(@session() found: SessionContainer) {
          await found.mergeIntoAccessTokenPayload({ sub: "somebody else" });
        }
      }
      app = await startApp(platform, { session, controllers: [MistakenController] });
      const response = await (await app.signedIn()).get("/mistaken");
      expect([response.status, app.errors.length]).toEqual([500, 1]);
    });

    it("a filter of the application extends ours", async () => {
      const session = testSession();
      @Catch(AnsweredSessionError)
      class OwnFilter extends SessionExceptionFilter {
        override async catch(thrown: Error, host: ArgumentsHost): Promise<void> {
          const error = sessionErrorIn(thrown);
          if (error?.type !== SessionError.INVALID_CLAIMS) return super.catch(thrown, host);
          const res = host.switchToHttp().getResponse<PlatformResponse>();
          res.status(418).send({ own: error.type });
        }
      }
      @Controller()
      @UseGuards(SessionGuard)
      @VerifySession({ require: [never] })
      @UseFilters(OwnFilter)
      class FilteredController {
        @Get("filtered")
        filtered() {
          return {};
        }
      }
      app = await startApp(platform, { session, controllers: [FilteredController] });
      expect(answerOf(await app.client().get("/filtered"))).toEqual(UNAUTHORISED);
      const refused = await (await app.signedIn()).get("/filtered");
      expect([refused.status, refused.json]).toEqual([418, { own: "INVALID_CLAIMS" }]);
    });

    it("NE-14: a preflight to a guarded route is answered before the guard", async () => {
      const session = testSession();
      @Controller()
      class CorsController {
        @Get("guarded")
        guarded() {
          return {};
        }
      }
      app = await startApp(platform, {
        session,
        controllers: [CorsController],
        providers: [{ provide: APP_GUARD, useClass: SessionGuard }],
        prepare: (nest) =>
          nest.enableCors({
            origin: "https://example.com",
            credentials: true,
            allowedHeaders: session.getAllCORSHeaders(),
          }),
      });
      const origin = "https://example.com";
      const headers = { origin, "access-control-request-method": "GET" };
      const preflight = await app.client().send("OPTIONS", "/guarded", headers);
      expect([preflight.status, preflight.header("access-control-allow-origin")]).toEqual([204, origin]);
      const refused = await app.client().get("/guarded", { origin });
      expect(answerOf(refused)).toEqual(UNAUTHORISED);
      expect(refused.header("access-control-allow-origin")).toBe(origin);
    });
  });

  it(`${major}: NE-15: in a hybrid application the guard fails closed, and says why`, async () => {
    const session = testSession();
    @Catch()
    class CatchAll {
      async catch(error: Error, host: ArgumentsHost) {
        return of({ caught: error.message, isAnswered: await session.answerError(error, host) });
      }
    }

    @Controller()
    class MessageController {
      @MessagePattern("guarded")
      @UseGuards(SessionGuard)
      guarded() {
        return "never";
      }

      @MessagePattern("decorated")
      decorated(@session() found: unknown) {
        return found ?? "never";
      }

      @MessagePattern("token")
      async token(@Payload() token: string) {
        return (await session.getSessionWithoutRequestResponse(token)).getUserId();
      }

      @MessagePattern("claims")
      async claims(@Payload() token: string) {
        const options = { overrideGlobalClaimValidators: () => [never] };
        return (await session.getSessionWithoutRequestResponse(token, undefined, options)).getUserId();
      }

      @MessagePattern("own")
      @UseFilters(CatchAll)
      own() {
        throw new SessionError({ type: "UNAUTHORISED", message: "the application says so" });
      }
    }
    const app = await startApp("express", { session, controllers: [MessageController] });
    const server = app.app.connectMicroservice<MicroserviceOptions>(
      { transport: Transport.TCP, options: { host: "127.0.0.1", port: 0 } },
      { inheritAppConfig: true },
    );
    await app.app.startAllMicroservices();
    const { port } = server.unwrap<Server>().address() as { port: number };
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: "127.0.0.1", port },
    });
    const ask = (pattern: string, data: unknown = "") =>
      lastValueFrom(client.send(pattern, data)).catch((error: unknown) => error);

    const closed = { status: "error", message: "Internal server error" };
    expect([await ask("guarded"), await ask("decorated")]).toEqual([closed, closed]);
    expect(app.errors.map(String)).toEqual(Array(2).fill(expect.stringContaining('context of type "rpc"')));
    const created = await session.createNewSessionWithoutRequestResponse("user-1");
    expect(await ask("token", created.getAccessToken())).toBe("user-1");
    expect(await ask("token", "no token")).toMatchObject({
      status: "error",
      session: { type: "UNAUTHORISED" },
    });
    expect(await ask("claims", created.getAccessToken())).toMatchObject({
      status: "error",
      session: { type: "INVALID_CLAIMS", payload: [{ id: "never" }] },
    });
    expect(await ask("own")).toEqual({ caught: "the application says so", isAnswered: false });
    await client.close();
    await app.close();
  });

  it(`${major}: NE-15: so it does for gateways of WebSockets`, async () => {
    const session = testSession();
    const context = new ExecutionContextHost([{ data: 1 }, {}], class {}, () => {});
    context.setType("ws");
    const refused = await Promise.resolve(new SessionGuard(session).canActivate(context)).catch(
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({
      type: "INVALID_ARGUMENT",
      message: expect.stringContaining('type "ws"'),
    });
    await session.close();
  });

  it(`${major}: NE-15: a client of a gateway that sends garbage is told, and the process goes on`, async () => {
    const session = testSession();
    const filter = new SessionExceptionFilter(session);
    const error: Error = await session.getSessionWithoutRequestResponse("garbage").catch((thrown) => thrown);
    const contextOf = (type: string, client: object) => {
      const context = new ExecutionContextHost([client, "garbage", "m"], class {}, () => {});
      context.setType(type);
      return context;
    };
    const heard: unknown[] = [];
    const socketIo = new EventEmitter().on("exception", (payload) => heard.push(payload));
    const native = Object.assign(new EventEmitter(), {
      readyState: 1,
      send: (text: string) => heard.push(JSON.parse(text)),
    });
    // As Nest calls it: nobody waits, and a rejection of anything would fail this run.
    filter.catch(error, contextOf("ws", socketIo));
    filter.catch(error, contextOf("ws", native));
    const gone = {
      emit() {
        throw new Error("gone");
      },
    };
    filter.catch(error, contextOf("ws", gone));
    filter.catch(error, contextOf("telegram", {}));
    await new Promise(setImmediate);
    const told = { status: "error", message: "unauthorised", session: { type: "UNAUTHORISED" } };
    expect(heard).toEqual([told, { event: "exception", data: told }]);
    await expect(filter.catch(error, contextOf("telegram", {}))).rejects.toBe(error);
    await session.close();
  });

  it.each([{ ignoreTrailingSlash: true }, { routerOptions: { ignoreTrailingSlash: true } }])(
    `${major}: Fastify with %o serves our endpoints, with a slash and without`,
    async (options) => {
      const session = testSession();
      @Module({ imports: [SessionModule.forRoot({ session })] })
      class AppModule {}
      const log = { warn() {}, error() {} };
      const app = await createApp("fastify", AppModule, log, new FastifyAdapter(options));
      const origin = await listen(app);
      for (const path of ["/auth/jwt/jwks.json", "/auth/jwt/jwks.json/"]) {
        expect([path, (await fetch(origin + path)).status]).toEqual([path, 200]);
      }
      await app.close();
      await session.close();
    },
  );
}
