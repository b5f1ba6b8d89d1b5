import { type PrivateServer, type ServerKind, startPrivateServer, TcpProxy } from "@acme/servers";
import type { SessionStore } from "@acme/session-core/store";
import { mysqlStore } from "@acme/session-store-mysql";
import { postgresStore } from "@acme/session-store-postgres";
import { redisStore } from "@acme/session-store-redis";
import { Redis } from "ioredis";
import { createConnection } from "mysql2/promise";
import pg from "pg";

/** A database of its own, a proxy before it, and a way round the proxy for the one who breaks things. */
export interface Backend {
  readonly kind: ServerKind;
  readonly server: PrivateServer;
  readonly proxy: TcpProxy;
  /** The store as an application has it: through the proxy. */
  open(maxConnections?: number): SessionStore;
  /** The operator's statements or commands, straight at the server. */
  admin(...statements: string[]): Promise<void>;
  stop(): Promise<void>;
}

const SETTINGS: Readonly<Record<ServerKind, string[]>> = {
  postgres: [],
  mysql: [],
  redis: ["--appendonly", "yes", "--appendfsync", "always"],
};

export async function startBackend(kind: ServerKind): Promise<Backend> {
  const server = await startPrivateServer(kind, SETTINGS[kind]);
  const proxy = await TcpProxy.start(server);
  if (kind === "mysql") await administer(kind, server.url, [CREATE_APPLICATION_USER, GRANT]);
  return {
    kind,
    server,
    proxy,
    open(maxConnections = 10) {
      const url = proxy.through(kind === "mysql" ? server.url.replace("root@", "app@") : server.url);
      if (kind === "postgres") return postgresStore({ url, maxConnections });
      if (kind === "mysql") return mysqlStore({ url, maxConnections });
      return redisStore({ url });
    },
    admin: (...statements) => administer(kind, server.url, statements),
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** An account that `read_only` holds for, as an application has one. */
const CREATE_APPLICATION_USER = "CREATE USER app@'127.0.0.1'";
const GRANT = "GRANT ALL ON test.* TO app@'127.0.0.1'";

async function administer(kind: ServerKind, url: string, statements: readonly string[]): Promise<void> {
  if (kind === "postgres") {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  } else if (kind === "mysql") {
    const connection = await createConnection({ uri: url });
    for (const statement of statements) await connection.query(statement);
    await connection.end();
  } else {
    const client = new Redis(url);
    for (const statement of statements) {
      const [command = "", ...args] = statement.split(" ");
      await client.call(command, ...args);
    }
    client.disconnect();
  }
}
