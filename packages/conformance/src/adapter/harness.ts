import type { SessionOptions } from "@acme/session-core";

/** Something a host may lack; cases that need it are then left out, with the harness's reason. */
export type Capability =
  /** HEAD reaches the routes of GET. */
  | "head"
  /** A body can be sent piece by piece. */
  | "stream"
  /** Headers set before a foreign error are still sent with the 500. */
  | "foreign-throw-cookies"
  /** A route for every method, OPTIONS included. */
  | "all-route"
  /** The host's CORS layer can be put before the guard. */
  | "cors"
  /** The application can answer some errors itself. */
  | "custom-error"
  /** Everything can be mounted below a path. */
  | "prefix"
  /** A client that goes away is noticed. */
  | "abort";

/** What one application of the suite is started with; plain JSON, so that it can be handed to another process. */
export interface HarnessOptions {
  /** On top of the suite's own options. */
  readonly session?: Pick<
    SessionOptions,
    | "accessTokenPath"
    | "antiCsrf"
    | "cookieDomain"
    | "cookieSameSite"
    | "cookieSecure"
    | "olderCookieDomain"
    | "refreshGracePeriodSeconds"
  >;
  /** Everything, endpoints included, stands below this path, e.g. `/api/v1`. Default none. */
  readonly prefix?: string;
  /** The host's usual CORS layer stands before us, for this origin. Default none. */
  readonly corsOrigin?: string;
  /** Whether `verifications` are counted: it puts an override in the way. Default false. */
  readonly countsVerifications?: boolean;
  /** What of the application's own fails, once somebody is signed in: its store, or its callbacks. Default nothing. */
  readonly fails?: "store" | "callbacks";
}

/** What has happened in an application since the last reset. */
export interface ProbeSnapshot {
  /** How often a token was verified; only with `countsVerifications`. */
  readonly verifications: number;
  readonly storeReads: number;
  readonly storeWrites: number;
  /** Runs of each fixture route's handler, by the route's name. */
  readonly handlerRuns: Readonly<Record<string, number>>;
  /** Rejections that nobody handled, and exceptions that nobody caught. */
  readonly unhandled: readonly string[];
  readonly processWarnings: readonly string[];
  readonly frameworkWarnings: readonly string[];
  /** Errors of the application that reached its own error hook: `same` object as was thrown, or another one. */
  readonly foreignErrors: readonly ("same" | "other")[];
  /** Errors of ours that tell a developer of a mistake, by type. */
  readonly developerErrors: readonly string[];
}

/** Looks into an application, and moves its clock. */
export interface Probe {
  reset(): void | Promise<void>;
  snapshot(): ProbeSnapshot | Promise<ProbeSnapshot>;
  advanceMs(ms: number): void | Promise<void>;
}

export interface RunningApp {
  /** Where it listens, e.g. `http://127.0.0.1:40123`: a real server on a real socket. */
  readonly origin: string;
  readonly probe: Probe;
  close(): Promise<void>;
}

/** One adapter in one host. */
export interface AdapterHarness {
  /** For the report: `"express5"`. */
  readonly id: string;
  /**
   * Starts an application that serves the fixture: `new FixtureApp(options)` brings the session options, the routes and
   * the probe, the harness mounts them in its host's usual way.
   */
  start(options: HarnessOptions): Promise<RunningApp>;
  /** What the host lacks, and why. */
  readonly without?: Readonly<Partial<Record<Capability, string>>>;
  /** Cases that cannot hold in this host, by id, and why. */
  readonly exceptions?: Readonly<Record<string, string>>;
}
