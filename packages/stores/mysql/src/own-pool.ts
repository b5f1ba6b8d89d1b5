import type { MysqlPool } from "./driver.js";

/** security.md ST-02 */
const CONNECT_LIMIT_MS = 2_000;
const IDLE_LIMIT_MS = 30_000;

/** A connection inside the driver's pool: what this file needs of it. */
interface DriverConnection {
  readonly stream?: { ref?(): void; unref?(): void };
  readonly config?: { readonly gracefulEnd?: boolean };
  end(callback: () => void): void;
  on(event: "error", listener: () => void): unknown;
  destroy(): void;
}

/** What the driver's pool says of the connections it holds. */
interface DriverPool extends MysqlPool {
  on(
    event: "connection" | "acquire" | "release" | "enqueue",
    listener: (connection: DriverConnection) => void,
  ): unknown;
}

/** Where a server is, and how it lets us in: options of the driver. */
export type Access = Readonly<Record<string, unknown>>;

/**
 * A pool of our own. Nothing is opened before it is needed, and what has not been used for a while is closed, so that a
 * store that was thrown away holds nothing. While a connection waits to be used it does not keep the process alive: a
 * script ends when its work is done.
 */
export async function openPool(
  access: Access,
  maxConnections: number,
  idleLimitMs = IDLE_LIMIT_MS,
): Promise<MysqlPool> {
  const { createPool } = await import("mysql2/promise");
  const pool = createPool({
    ...access,
    connectionLimit: maxConnections,
    connectTimeout: CONNECT_LIMIT_MS,
    enableKeepAlive: true,
    gracefulEnd: true,
    charset: "utf8mb4_bin",
    multipleStatements: false,
  }) as unknown as DriverPool;
  closeIdle(pool, idleLimitMs);
  return pool;
}

/** Options of the driver that say where the server is and how it lets us in. */
const ACCESS = [
  "host",
  "port",
  "localAddress",
  "socketPath",
  "stream",
  "user",
  "password",
  "password1",
  "password2",
  "password3",
  "passwordSha1",
  "authPlugins",
  "authSwitchHandler",
  "insecureAuth",
  "enableCleartextPlugin",
  "ssl",
  "database",
];

/** Where a pool of the application leads to; undefined when it does not show that. */
export function accessOf(pool: MysqlPool): Access | undefined {
  const { pool: driverPool } = pool as { pool?: { config?: { connectionConfig?: Access } } };
  const config = driverPool?.config?.connectionConfig;
  if (config?.user === undefined) return undefined;
  const given = ACCESS.map((name) => [name, config[name]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== false));
}

/** How many connections a pool may have; undefined when it does not show that. */
export function limitOf(pool: MysqlPool): number | undefined {
  return (pool as { pool?: { config?: { connectionLimit?: number } } }).pool?.config?.connectionLimit;
}

/**
 * The driver has an idle limit too, which acts only below `maxIdle` and through a timer that keeps the process alive.
 */
function closeIdle(pool: DriverPool, idleLimitMs: number): void {
  const timers = new Map<DriverConnection, ReturnType<typeof setTimeout>>();
  // What the server has ended may say so once more; with nobody listening that would end the process.
  const ignore = (): void => {};
  pool.on("connection", (connection) => connection.on("error", ignore));
  pool.on("release", (connection) => {
    connection.stream?.unref?.();
    const timer = setTimeout(() => {
      timers.delete(connection);
      // Older drivers take `end` of a pooled connection for its release.
      if (connection.config?.gracefulEnd === true) connection.end(ignore);
      else connection.destroy();
    }, idleLimitMs);
    timer.unref();
    timers.set(connection, timer);
  });
  pool.on("acquire", (connection) => {
    clearTimeout(timers.get(connection));
    timers.delete(connection);
    connection.stream?.ref?.();
  });
}
