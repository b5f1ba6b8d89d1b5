import type { SessionOptions } from "@acme/session-core";
import {
  checkFactoryOptions,
  checkOptions,
  holds,
  invalidArgument,
  invalidOption,
  isAnything,
  isBoolean,
  isFunction,
  type OptionChecks,
} from "@acme/session-core/adapter";
import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
  type Provider,
  Scope,
  type Type,
} from "@nestjs/common";
import { ModulesContainer, REQUEST } from "@nestjs/core";
import { assertKept } from "./assert-kept.js";
import { createSession, isSession, type NestSession } from "./create-session.js";
import { mountEndpoints } from "./mount-endpoints.js";
import { SessionExceptionFilter } from "./session-exception-filter.js";
import { SessionGuard } from "./session-guard.js";
import { MODULE_OPTIONS, SESSION } from "./tokens.js";

/** An instance that was made elsewhere, `{ session: Session }`, or the options of one, which the module then closes. */
export type SessionModuleOptions = { session: NestSession } | (SessionOptions & { session?: undefined });

/** For `useClass` and `useExisting`. */
export interface SessionOptionsFactory {
  createSessionOptions(): SessionModuleOptions | Promise<SessionModuleOptions>;
}

export interface SessionModuleAsyncOptions {
  imports?: ModuleMetadata["imports"];
  inject?: FactoryProvider["inject"];
  // biome-ignore lint/suspicious/noExplicitAny: Nest hands it what `inject` names
  useFactory?: (...injected: any[]) => SessionModuleOptions | Promise<SessionModuleOptions>;
  useClass?: Type<SessionOptionsFactory>;
  useExisting?: Type<SessionOptionsFactory> | string | symbol;
  /** Whether other modules can inject the guard and the session without importing this one. Default true. */
  global?: boolean;
}

/** What Nest knows a global filter by (`APP_FILTER` of `@nestjs/core`). */
const APP_FILTER = "APP_FILTER";

/** Serves our endpoints, answers our errors, and provides the guard and the instance. */
@Module({})
export class SessionModule implements NestModule, OnModuleInit, OnApplicationShutdown {
  readonly #session: NestSession;
  readonly #isOurs: boolean;
  readonly #modules: ModulesContainer | undefined;

  /** @throws SessionError `INVALID_ARGUMENT` where the class itself stands in `imports` */
  constructor(
    @Optional() @Inject(SESSION) session?: NestSession,
    @Optional() @Inject(MODULE_OPTIONS) options?: SessionModuleOptions,
    @Optional() @Inject(ModulesContainer) modules?: ModulesContainer,
  ) {
    if (session === undefined || options === undefined) {
      throw invalidArgument(
        "SessionModule needs an instance: write `imports: [SessionModule.forRoot({ session: Session })]`",
      );
    }
    this.#session = session;
    this.#isOurs = options.session === undefined;
    this.#modules = modules;
  }

  /** @throws SessionError `INVALID_OPTION` */
  static forRoot(options: SessionModuleOptions & { global?: boolean }): DynamicModule {
    const { global = true, ...rest } = checkModuleOptions("forRoot", options, { global: isBoolean });
    return moduleOf(global, [], [{ provide: MODULE_OPTIONS, useValue: rest }]);
  }

  static forRootAsync(given: SessionModuleAsyncOptions): DynamicModule {
    const options = checkOptions("SessionModule.forRootAsync", ASYNC_OPTIONS, given);
    const { global = true, imports = [] } = options;
    return moduleOf(global, imports, optionProviders(options));
  }

  configure(consumer: MiddlewareConsumer): void {
    mountEndpoints(consumer, this.#session);
  }

  /** @throws SessionError `INVALID_ARGUMENT` where a `VerifySession` of the application would guard nothing */
  onModuleInit(): void {
    if (this.#modules !== undefined) assertKept(this.#modules);
  }

  /** Lets go of the store, unless the instance belongs to the application. */
  async onApplicationShutdown(): Promise<void> {
    if (this.#isOurs) await this.#session.close();
  }
}

const isInstance = holds(isSession, "must be what `createSession()` of `@acme/session-nest` returned");

const ASYNC_OPTIONS = {
  imports: isAnything,
  inject: holds(Array.isArray, "must be a list of providers"),
  useFactory: isFunction,
  useClass: isFunction,
  useExisting: isAnything,
  global: isBoolean,
};

/** Options of an instance are checked by `createSession`; here, that they are that, or an instance under its name. */
function checkModuleOptions<O>(method: "forRoot" | "forRootAsync", given: O, own: OptionChecks = {}): O {
  const name = `SessionModule.${method}`;
  const value: unknown = given;
  if (isSession(value)) {
    throw invalidOption(name, "takes an instance by its name: write `{ session: Session }`");
  }
  const hasSession =
    typeof value === "object" && value !== null && "session" in value && value.session !== undefined;
  return hasSession
    ? checkOptions(name, { session: isInstance, ...own }, given)
    : checkFactoryOptions(given, { session: isAnything, ...own });
}

function moduleOf(
  global: boolean,
  imports: NonNullable<ModuleMetadata["imports"]>,
  options: Provider[],
): DynamicModule {
  return {
    module: SessionModule,
    global,
    imports,
    providers: [
      ...options,
      {
        provide: SESSION,
        inject: [MODULE_OPTIONS],
        useFactory: (given: SessionModuleOptions) => {
          const made = checkModuleOptions("forRootAsync", given);
          return made.session ?? createSession(made);
        },
      },
      SessionGuard,
      { provide: APP_FILTER, useClass: SessionExceptionFilter },
    ],
    exports: [SESSION, SessionGuard],
  };
}

function optionProviders({
  inject = [],
  useFactory,
  useClass,
  useExisting,
}: SessionModuleAsyncOptions): Provider[] {
  for (const needed of [...inject, useClass, useExisting]) assertNotOfRequest(needed);
  if (useFactory !== undefined) return [{ provide: MODULE_OPTIONS, inject, useFactory }];
  const source = useClass ?? useExisting;
  if (source === undefined) {
    throw invalidOption("SessionModule.forRootAsync", "needs `useFactory`, `useClass` or `useExisting`");
  }
  return [
    ...(useClass === undefined ? [] : [useClass]),
    {
      provide: MODULE_OPTIONS,
      inject: [source],
      useFactory: (factory: SessionOptionsFactory) => factory.createSessionOptions(),
    },
  ];
}

/** There is one instance for all requests; Nest's own refusal would speak of our filter. */
function assertNotOfRequest(needed: unknown): void {
  const token = typeof needed === "object" && needed !== null && "token" in needed ? needed.token : needed;
  const given: { scope?: Scope } | undefined =
    typeof token === "function" ? Reflect.getMetadata("scope:options", token) : undefined;
  if (token !== REQUEST && given?.scope !== Scope.REQUEST) return;
  const name = typeof token === "function" ? token.name : String(token);
  throw invalidOption(
    "SessionModule.forRootAsync",
    `cannot depend on ${name}, which is made for each request: the instance is made once, when the application starts. What differs by request goes into \`override\` or the \`userContext\``,
  );
}
