import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { SessionOptions } from "../../src/config/session-options.js";
import { type Child, startChild } from "../sqlite/child.js";
import { WireClient } from "../support/wire-client.js";

/** A real process that serves sessions from one SQLite file. */
export interface ServerProcess {
  child: Child;
  origin: string;
  client(mode?: "cookie" | "header"): WireClient;
  /** Events that must not happen to honest clients, and errors that were not ours. */
  complaints(): unknown[];
  kill(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

type Plain = Pick<
  SessionOptions,
  "refreshRateLimit" | "accessTokenSigningKeyUpdateIntervalHours" | "allowTestValues"
>;

export async function startServer(path: string, options: Plain = {}): Promise<ServerProcess> {
  const child = startChild(join(import.meta.dirname, "children/server.mjs"), [path, JSON.stringify(options)]);
  onTestFinished(() => {
    child.process.kill("SIGKILL");
  });
  const { origin } = JSON.parse(await child.line()) as { origin: string };
  return {
    child,
    origin,
    client: (mode) => new WireClient(origin, mode),
    complaints: () =>
      child.lines
        .map((line) => JSON.parse(line) as object)
        .filter((said) => "type" in said || "foreign" in said),
    kill(signal = "SIGTERM") {
      child.process.kill(signal);
      return child.end();
    },
  };
}

/** The same client, as a load balancer sends it to another process. */
export function moved(client: WireClient, to: ServerProcess): WireClient {
  const twin = new WireClient(to.origin, client.mode);
  return Object.assign(twin, { ...client.copy(), origin: to.origin });
}
