import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type PrivateServer, type ServerKind, startPrivateServer, TcpProxy } from "@acme/servers";
import { MemoryStore, type SessionStore } from "@acme/session-core/store";
import { Redis } from "ioredis";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { openStore, type StoreAddress, type StoreKind } from "./open-store.ts";

/** A database of its own, to be broken. */
export type Backend = ServerBackend | FileBackend | MemoryBackend;

interface AnyBackend {
  /** The store as an application has it. */
  open(maxConnections?: number): SessionStore;
  stop(): Promise<void>;
}

/** A server, a proxy before it, and a way round the proxy for the one who breaks things. */
export interface ServerBackend extends AnyBackend {
  readonly kind: ServerKind;
  readonly server: PrivateServer;
  readonly proxy: TcpProxy;
  /** The store for another process, through the proxy of the backend or one of its own. */
  address(proxy?: TcpProxy): StoreAddress;
  /** The operator's statements or commands, straight at the server. */
  admin(...statements: string[]): Promise<void>;
}

export interface FileBackend extends AnyBackend {
  readonly kind: "sqlite";
  readonly path: string;
  address(): StoreAddress;
  /** Statements of another program that has the file open. */
  admin(...statements: string[]): Promise<void>;
}

/** In this process; another process that opens it has a memory of its own. */
export interface MemoryBackend extends AnyBackend {
  readonly kind: "memory";
  readonly store: MemoryStore;
  address(): StoreAddress;
}

const SETTINGS: Readonly<Record<ServerKind, readonly string[]>> = {
  postgres: [],
  mysql: [],
  redis: ["--appendonly", "yes", "--appendfsync", "always"],
};

export function startBackend(kind: StoreKind): Promise<Backend> {
  if (kind === "memory") return Promise.resolve(memoryBackend());
  if (kind === "sqlite") return Promise.resolve(fileBackend());
  return startServerBackend(kind);
}

/** @param settings for the server's command line, instead of those that suit most faults */
export async function startServerBackend(
  kind: ServerKind,
  settings = SETTINGS[kind],
): Promise<ServerBackend> {
  const server = await startPrivateServer(kind, settings);
  const proxy = await TcpProxy.start(server);
  if (kind === "mysql") await administer(kind, server.url, [CREATE_APPLICATION_USER, GRANT]);
  const address = (through = proxy): StoreAddress => {
    const url = through.through(server.url);
    return { kind, at: kind === "mysql" ? url.replace("root@", "app@") : url };
  };
  return {
    kind,
    server,
    proxy,
    address,
    open: (maxConnections = 10) => openStore({ ...address(), maxConnections }),
    admin: (...statements) => administer(kind, server.url, statements),
    async stop() {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** @param directory where the file is to stand; it is left alone then */
export function fileBackend(directory?: string): FileBackend {
  const own = directory ?? mkdtempSync(join(tmpdir(), "session-sqlite-"));
  const path = join(own, "sessions.db");
  const address: StoreAddress = { kind: "sqlite", at: path };
  return {
    kind: "sqlite",
    path,
    address: () => address,
    open: () => openStore(address),
    async admin(...statements) {
      const database = new DatabaseSync(path);
      try {
        for (const statement of statements) database.exec(statement);
      } finally {
        database.close();
      }
    },
    async stop() {
      if (directory === undefined) rmSync(own, { recursive: true, force: true });
    },
  };
}

function memoryBackend(): MemoryBackend {
  const store = new MemoryStore();
  return {
    kind: "memory",
    store,
    address: () => ({ kind: "memory", at: "" }),
    open: () => store,
    stop: async () => {},
  };
}

/** An account that `read_only` holds for, as an application has one. */
const CREATE_APPLICATION_USER = "CREATE USER app@'127.0.0.1'";
const GRANT = "GRANT ALL ON test.* TO app@'127.0.0.1'";

export async function administer(
  kind: ServerKind,
  url: string,
  statements: readonly string[],
): Promise<void> {
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
