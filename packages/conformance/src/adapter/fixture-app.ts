import { SessionError, type SessionOptions } from "@acme/session-core";
import { MemoryRoleStore } from "@acme/session-core/store";
import { createUserRoles } from "@acme/session-core/user-roles";
import { CountingStore } from "./counting-store.js";
import type { FixtureExchange, FixtureReply, FixtureRoute } from "./fixture-route.js";
import { makeFixtureRoutes } from "./fixture-routes.js";
import { Gate } from "./gate.js";
import type { HarnessOptions, Probe, ProbeSnapshot } from "./harness.js";
import { BrokenStore, failingCallbacks } from "./misbehaviour.js";
import { MovableClock } from "./movable-clock.js";
import { ANSWERED_BY_THE_APP } from "./role-validator.js";
import { SharedRefusals } from "./shared-refusals.js";

export const WEBSITE_ORIGIN = "https://example.com";

/** The one user who has a role. */
export const EDITOR = "user-editor";

/**
 * The application that a harness serves: what `createSession` takes, the routes, and the places where the host reports
 * what happened. It lives in the host's process.
 */
export class FixtureApp {
  readonly prefix: string;
  readonly corsOrigin: string | undefined;
  readonly sessionOptions: SessionOptions;
  /** Paths do not hold the prefix. */
  readonly routes: readonly FixtureRoute[];
  readonly probe: Probe;

  readonly #store = new CountingStore();
  readonly #clock = new MovableClock();
  /** Kept out of tokens, so that only routes that ask for a role see anything of them. */
  readonly #roles = createUserRoles({
    store: new MemoryRoleStore(),
    skipAddingRolesToAccessToken: true,
    skipAddingPermissionsToAccessToken: true,
    propagation: "none",
  });
  readonly #gate = new Gate();
  #foreign: Error | undefined;
  readonly #shared = new Error("an error that the application has made once");
  #verifications = 0;
  #handlerRuns: Record<string, number> = {};
  #unhandled: string[] = [];
  #processWarnings: string[] = [];
  #frameworkWarnings: string[] = [];
  #foreignErrors: ("same" | "other")[] = [];
  #developerErrors: string[] = [];

  readonly #onUnhandled = (reason: unknown): void => {
    this.#unhandled.push(String((reason as Error)?.stack ?? reason));
  };
  readonly #onWarning = (warning: Error): void => {
    this.#processWarnings.push(`${warning.name}: ${warning.message}`);
  };

  constructor(options: HarnessOptions = {}) {
    this.prefix = options.prefix ?? "";
    this.corsOrigin = options.corsOrigin;
    this.sessionOptions = {
      appInfo: {
        appName: "conformance",
        apiDomain: "https://api.example.com",
        websiteDomain: WEBSITE_ORIGIN,
        apiBasePath: `${this.prefix}/auth`,
      },
      store: options.fails === "store" ? new BrokenStore() : this.#store,
      clock: this.#clock,
      logger: {
        debug: () => {},
        info: () => {},
        warn: (message) => this.#frameworkWarnings.push(`session: ${message}`),
      },
      plugins: [this.#roles],
      // Hosts that count as production keep their sessions in memory here.
      allowTestValues: true,
      ...(options.fails === "callbacks" ? failingCallbacks : {}),
      ...options.session,
      ...(options.countsVerifications ? { override: { functions: this.#counting } } : {}),
    };
    const routes = makeFixtureRoutes({
      gate: this.#gate,
      developerError: (error) =>
        this.#developerErrors.push(SessionError.is(error) ? error.type : String(error)),
      foreignError: () => {
        this.#foreign = new Error("an error of the application's own");
        return this.#foreign;
      },
      holdNextWrite: () => {
        this.#store.pause = () => this.#gate.pass();
      },
      refusedInTransaction: (work) =>
        this.#store
          .join(async () => {
            await work();
            throw new Error("refused");
          })
          .catch(() => {}),
      sharedRefusals: new SharedRefusals(),
      sharedError: () => {
        this.#foreign = this.#shared;
        return this.#shared;
      },
    });
    this.routes = routes.map((route) => ({ ...route, handle: (exchange) => this.#run(route, exchange) }));
    this.probe = {
      reset: () => this.#reset(),
      snapshot: () => this.#snapshot(),
      advanceMs: (ms) => this.#clock.advanceMs(ms),
    };
    this.#makeEditor().catch(this.#onUnhandled);
    process.on("unhandledRejection", this.#onUnhandled);
    process.on("uncaughtExceptionMonitor", this.#onUnhandled);
    process.on("warning", this.#onWarning);
  }

  /** For the application's error hook, before ours: the answer it gives itself, if it wants to. */
  ownAnswer(error: unknown): { status: number; body: unknown } | undefined {
    if (!SessionError.is(error) || error.type !== SessionError.INVALID_CLAIMS) return undefined;
    if (!error.payload.some(({ id }) => id === ANSWERED_BY_THE_APP)) return undefined;
    return { status: 418, body: { need: error.payload.map(({ id }) => id) } };
  }

  /** For the application's error hook, after ours: an error that was not ours came this far. */
  sawForeignError(error: unknown): void {
    this.#foreignErrors.push(error === this.#foreign ? "same" : "other");
  }

  /** Whatever the host's log says at `warn` or above. */
  sawFrameworkWarning(message: string): void {
    this.#frameworkWarnings.push(message);
  }

  /** Stops listening to the process. The harness closes the server and the session instance itself. */
  close(): void {
    process.off("unhandledRejection", this.#onUnhandled);
    process.off("uncaughtExceptionMonitor", this.#onUnhandled);
    process.off("warning", this.#onWarning);
  }

  readonly #counting: NonNullable<NonNullable<SessionOptions["override"]>["functions"]> = (original) => ({
    ...original,
    getSession: (input) => {
      this.#verifications += 1;
      return original.getSession(input);
    },
  });

  async #makeEditor(): Promise<void> {
    await this.#roles.createNewRoleOrAddPermissions("editor", ["pages:edit"]);
    await this.#roles.addRoleToUser("public", EDITOR, "editor");
  }

  #run(route: FixtureRoute, exchange: FixtureExchange): Promise<FixtureReply> {
    this.#handlerRuns[route.name] = (this.#handlerRuns[route.name] ?? 0) + 1;
    return route.handle(exchange);
  }

  #reset(): void {
    this.#store.reads = 0;
    this.#store.writes = 0;
    this.#verifications = 0;
    this.#handlerRuns = {};
    this.#foreignErrors = [];
    this.#developerErrors = [];
  }

  #snapshot(): ProbeSnapshot {
    return {
      verifications: this.#verifications,
      storeReads: this.#store.reads,
      storeWrites: this.#store.writes,
      handlerRuns: { ...this.#handlerRuns },
      unhandled: [...this.#unhandled],
      processWarnings: [...this.#processWarnings],
      frameworkWarnings: [...this.#frameworkWarnings],
      foreignErrors: [...this.#foreignErrors],
      developerErrors: [...this.#developerErrors],
    };
  }
}
