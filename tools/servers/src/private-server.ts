import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { canConnect } from "./can-connect.ts";
import { findBinary, kinds, type ServerKind } from "./server-kind.ts";

/** A server of one's own: what is done to it harms nobody else. */
export interface PrivateServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Where its data stand; removed by `stop`. */
  readonly directory: string;
  /** Stops it in its tracks (SIGSTOP): connections stay open and nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it without a chance to write anything (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same port with the data it had. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/**
 * Why no private server of this kind can be started here; undefined when it can.
 *
 * @throws Error with that reason where that is a failure (`CI=true`)
 */
export function reasonAgainst(kind: ServerKind): string | undefined {
  const { binaries } = kinds[kind];
  if (findBinary(binaries) !== undefined) return undefined;
  const reason = `${binaries.join(" or ")} is not installed`;
  if (process.env.CI === "true") throw new Error(reason);
  return reason;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

type Prepare = (
  directory: string,
  run: (command: string, args: string[]) => Promise<unknown>,
) => Promise<void> | void;

interface Recipe {
  /** The account it runs as when we are root; these servers refuse to be. */
  readonly account: string | undefined;
  readonly url: (port: number) => string;
  readonly prepare: Prepare;
  /** What makes it a replica of another: other data to begin with, other settings. */
  readonly replicaOf?: (primary: Address) => { prepare: Prepare; settings: readonly string[] };
  readonly command: (directory: string, port: number) => [command: string, args: string[]];
}

const HOST = "127.0.0.1";
const START_LIMIT_MS = 15_000;

/**
 * Starts a server with an empty data directory on a free port.
 *
 * @param settings for its command line: `-c max_connections=20`, `--maxmemory 10mb` …
 * @throws Error when its programs are not installed, or it does not come up within 15 s
 */
export function startPrivateServer(
  kind: ServerKind,
  settings: readonly string[] = [],
): Promise<PrivateServer> {
  return startServer(kind, settings, undefined);
}

/**
 * Starts a server that follows the one at this address (through a `TcpProxy` if the line between the two is to be cut),
 * and serves reads only until it is promoted: a hot standby of PostgreSQL, a replica of Redis.
 */
export function startReplica(
  kind: "postgres" | "redis",
  primary: { host: string; port: number },
): Promise<PrivateServer> {
  return startServer(kind, [], primary);
}

/**
 * Starts a sentinel that watches one Redis under this name, on its own (a quorum of one), and gives its replica the
 * lead a second after it is gone.
 *
 * @param primary through a `TcpProxy` if clients are to be led through it
 */
export function startSentinel(name: string, primary: { host: string; port: number }): Promise<PrivateServer> {
  return startServer("redis", [], undefined, (binary, settings) => ({
    ...recipes.redis(binary, settings),
    prepare: (directory) =>
      writeFileSync(
        join(directory, "sentinel.conf"),
        [
          `sentinel monitor ${name} ${primary.host} ${primary.port} 1`,
          `sentinel down-after-milliseconds ${name} 1000`,
          `sentinel failover-timeout ${name} 2000`,
          "",
        ].join("\n"),
      ),
    command: (directory, port) => [
      binary,
      [
        join(directory, "sentinel.conf"),
        "--sentinel",
        "--port",
        String(port),
        "--bind",
        HOST,
        "--dir",
        directory,
      ],
    ],
  }));
}

async function startServer(
  kind: ServerKind,
  ownSettings: readonly string[],
  primary: Address | undefined,
  recipeOf = recipes[kind],
): Promise<PrivateServer> {
  const binary = findBinary(kinds[kind].binaries);
  if (binary === undefined) throw new Error(`${kinds[kind].binaries.join(" or ")} is not installed`);
  const usual = recipeOf(binary, ownSettings);
  const following = primary && usual.replicaOf?.(primary);
  const recipe = following === undefined ? usual : recipeOf(binary, following.settings);
  const owner = process.getuid?.() === 0 ? accountOf(recipe.account) : undefined;
  const directory = mkdtempSync(join(tmpdir(), `session-${kind}-`));
  if (owner !== undefined) chownSync(directory, owner.uid, owner.gid);
  const port = await freePort();
  // Not synchronously: a replica may be copying through a proxy of this process.
  await (following ?? recipe).prepare(directory, (command, args) =>
    promisify(execFile)(command, args, { cwd: directory, ...owner }),
  );
  let server: ChildProcess;

  async function start(): Promise<void> {
    const [command, args] = recipe.command(directory, port);
    const run = (): void => {
      server = spawn(command, args, { stdio: "ignore", cwd: directory, ...owner });
    };
    run();
    const started = Date.now();
    while (!(await canConnect(kind, HOST, port))) {
      if (Date.now() - started > START_LIMIT_MS) throw new Error(`${command} did not come up`);
      await sleep(50);
      // After a kill, PostgreSQL refuses to start until the last of its old processes has gone.
      if (server.exitCode !== null || server.signalCode !== null) run();
    }
  }

  async function end(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = new Promise((resolve) => server.once("exit", resolve));
    // With its children, or one of PostgreSQL's answers a last statement before it notices.
    const killed = signalTree(server, "SIGKILL");
    await gone;
    while (killed.some(isAlive)) await sleep(5);
  }

  const stopAtExit = (): void => {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  };
  process.once("exit", stopAtExit);
  await start();
  return {
    url: recipe.url(port),
    host: HOST,
    port,
    directory,
    freeze: () => signalTree(server, "SIGSTOP"),
    thaw: () => signalTree(server, "SIGCONT"),
    kill: () => end(),
    restart: start,
    async stop() {
      process.off("exit", stopAtExit);
      await end();
      await sleep(50);
      rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** The server and the processes it has made: PostgreSQL answers from a process per connection. */
function signalTree(server: ChildProcess, signal: NodeJS.Signals): readonly number[] {
  const { pid } = server;
  if (pid === undefined) return [];
  const tree = [pid, ...childrenOf(pid)];
  for (const one of tree) {
    try {
      process.kill(one, signal);
    } catch {
      // it has just ended
    }
  }
  return tree;
}

/** None where the system does not tell (outside Linux). */
function childrenOf(pid: number): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return existsSync(file) ? readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number) : [];
}

function isAlive(pid: number): boolean {
  try {
    // The third field; a zombie (Z) has ended and waits for its parent to hear of it.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

// Several MySQL servers at once would use up the kernel's slots for asynchronous I/O.
const recipes: Readonly<Record<ServerKind, (binary: string, settings: readonly string[]) => Recipe>> = {
  postgres: (binary, settings) => ({
    account: "postgres",
    url: (port) => `postgres://postgres@${HOST}:${port}/postgres`,
    async prepare(directory, run) {
      const initdb = findBinary(["initdb"]) ?? join(dirname(binary), "initdb");
      const data = join(directory, "data");
      await run(initdb, [
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "-E",
        "UTF8",
        "--no-sync",
        "--locale=C",
      ]);
    },
    replicaOf: ({ host, port }) => ({
      settings,
      async prepare(directory, run) {
        const copy = findBinary(["pg_basebackup"]) ?? join(dirname(binary), "pg_basebackup");
        const from = ["-h", host, "-p", String(port), "-U", "postgres"];
        // -R writes down whom to follow, and that it is a standby.
        await run(copy, [
          ...from,
          "-D",
          join(directory, "data"),
          "-R",
          "-X",
          "stream",
          "-c",
          "fast",
          "--no-sync",
        ]);
      },
    }),
    command: (directory, port) => [
      binary,
      [
        ...["-D", join(directory, "data"), "-h", HOST, "-p", String(port), "-k", directory],
        ...["-c", "shared_buffers=16MB", "-c", "max_connections=50", ...settings],
      ],
    ],
  }),
  mysql: (binary, settings) => ({
    account: "mysql",
    url: (port) => `mysql://root@${HOST}:${port}/test`,
    async prepare(directory, run) {
      const data = join(directory, "data");
      const install = findBinary(["mariadb-install-db", "mysql_install_db"]);
      if (install === undefined)
        await run(binary, [
          "--no-defaults",
          "--initialize-insecure",
          "--innodb-use-native-aio=0",
          `--datadir=${data}`,
        ]);
      else
        await run(install, [
          "--no-defaults",
          `--datadir=${data}`,
          "--auth-root-authentication-method=normal",
          "--innodb-use-native-aio=0",
        ]);
      mkdirSync(join(data, "test"), { recursive: true });
    },
    command: (directory, port) => [
      binary,
      [
        ...["--no-defaults", `--datadir=${join(directory, "data")}`, `--socket=${join(directory, "s.sock")}`],
        ...[`--port=${port}`, `--bind-address=${HOST}`, `--pid-file=${join(directory, "s.pid")}`],
        ...["--innodb-buffer-pool-size=32M", "--innodb-use-native-aio=0", "--skip-log-bin", ...settings],
      ],
    ],
  }),
  redis: (binary, settings) => ({
    account: undefined,
    url: (port) => `redis://${HOST}:${port}`,
    prepare: () => {},
    replicaOf: ({ host, port }) => ({
      settings: [...settings, "--replicaof", `${host} ${port}`, "--repl-diskless-sync-delay", "0"],
      prepare: () => {},
    }),
    command: (directory, port) => [
      binary,
      [
        "--port",
        String(port),
        "--bind",
        HOST,
        "--dir",
        directory,
        "--save",
        "",
        "--appendonly",
        "no",
        ...settings,
      ],
    ],
  }),
};

function accountOf(name: string | undefined): { uid: number; gid: number } | undefined {
  if (name === undefined) return undefined;
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined)
    throw new Error(`there is no account ${name} to run the server as, and it refuses to run as root`);
  return { uid: Number(uid), gid: Number(gid) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
