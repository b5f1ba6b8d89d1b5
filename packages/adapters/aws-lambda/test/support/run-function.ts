import type { Invoker } from "@acme/lambda-emulator";
import { type EmulatorOptions, startEmulator } from "@acme/lambda-emulator";
import { WireClient } from "@acme/session-conformance";
import {
  createSession,
  type LambdaEvent,
  type LambdaSession,
  type LambdaSessionOptions,
  MemoryStore,
} from "../../src/index.js";
import { recordingLogger } from "./recording-logger.js";

type AnyHandler = (event: never, context: never) => unknown;

export interface RunningFunction {
  readonly session: LambdaSession;
  readonly origin: string;
  /** What the handler threw, and results the service refused. */
  readonly failures: readonly unknown[];
  /** What the session instance has warned of. */
  readonly warnings: readonly string[];
  readonly clock: { nowMs: number };
  client(mode?: "cookie" | "header"): WireClient;
  close(): Promise<void>;
}

/** A function of a test behind the service. `POST /login` signs `user-1` in, whatever the handler is. */
export async function runFunction(
  invoker: Invoker,
  make: (session: LambdaSession) => AnyHandler,
  { session: sessionOptions, ...options }: EmulatorOptions & { session?: LambdaSessionOptions } = {},
): Promise<RunningFunction> {
  const clock = { nowMs: 1_800_000_000_000, wallMs: () => clock.nowMs, monoMs: () => clock.nowMs };
  const { logger, warnings } = recordingLogger();
  const session = createSession({ store: new MemoryStore(), clock, logger, ...sessionOptions });
  const failures: unknown[] = [];
  const handler = make(session) as (event: LambdaEvent, context: unknown) => unknown;
  const login = session.middleware(async (event: LambdaEvent) => {
    await session.createNewSession(event, event, "user-1");
    return { statusCode: 200, body: "{}" };
  });
  const both = async (event: LambdaEvent, context: unknown): Promise<unknown> =>
    /\/login$/.test(event.rawPath ?? event.path ?? "") ? login(event, context) : handler(event, context);
  const emulator = await startEmulator(invoker, options.streams ? (handler as never) : both, {
    ...options,
    onFailure: (error) => failures.push(error),
  });
  return {
    session,
    origin: emulator.origin,
    failures,
    warnings,
    clock,
    client: (mode) => new WireClient(emulator.origin, mode),
    async close() {
      await emulator.close();
      await session.close();
    },
  };
}
