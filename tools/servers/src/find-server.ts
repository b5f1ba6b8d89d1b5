import { canConnect } from "./can-connect.ts";
import { startPrivateServer } from "./private-server.ts";
import { kinds, type ServerKind } from "./server-kind.ts";

export interface FoundServer {
  /** Candidates, best first: the first that lets us in is the one. */
  readonly urls: readonly string[];
  /** For the report: `"TEST_POSTGRES_URL"`, `"127.0.0.1:5432"`, `"a server of its own on port 40123"`. */
  readonly how: string;
  /** Ends what was started for it. */
  stop(): Promise<void>;
}

/**
 * A server for tests: the one that the environment names (`TEST_POSTGRES_URL`, `TEST_MYSQL_URL`, `TEST_REDIS_URL`), else
 * the one at the usual port of this machine, else one started from programs installed here.
 *
 * @returns the reason, when there is none
 * @throws Error with that reason where a missing server is a failure (`CI=true`)
 */
export async function findServer(kind: ServerKind): Promise<FoundServer | string> {
  const { variable, port, usualUrls } = kinds[kind];
  const nothing = async (): Promise<void> => {};
  const given = process.env[variable];
  if (given) return { urls: [given], how: variable, stop: nothing };
  if (await canConnect(kind, "127.0.0.1", port)) {
    return { urls: usualUrls, how: `127.0.0.1:${port}`, stop: nothing };
  }
  try {
    const server = await startPrivateServer(kind);
    return {
      urls: [server.url],
      how: `a server of its own on port ${server.port}`,
      stop: () => server.stop(),
    };
  } catch (error) {
    const reason = `no ${kind} server: ${variable} is not set, nothing answers at 127.0.0.1:${port}, and ${
      error instanceof Error ? error.message : String(error)
    }`;
    if (process.env.CI === "true") throw new Error(reason);
    return reason;
  }
}
