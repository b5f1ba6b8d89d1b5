import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { apps } from "../http/apps.ts";
import { load, requestBytes } from "../http/load.ts";
import { USER } from "../http/tokens.ts";
import { type Measured, summarise } from "../measure.ts";
import { pinned, pinSelf } from "../pin.ts";
import { row } from "../row.ts";
import type { Suite } from "./suite.ts";

const REQUESTS = 4000;
/** What a server answers before it is measured: its code is compiled by then. */
const WARM_UP_LOADS = 3;
const CONNECTIONS = 16;

interface RunningApp {
  name: string;
  unguarded: string;
  child: ChildProcess;
  port: number;
  request: string;
}

/**
 * A guarded route beside the same route unguarded, over HTTP. Each server is a process on one core, the load comes from
 * this process on another; what is measured is the CPU time the server uses per request, since a busy server answers as
 * many requests per second as fit into one second of it.
 */
export const httpSuite: Suite = {
  name: "http",
  title: "A route over HTTP: CPU time of the server per request",
  packages: [
    "express",
    "fastify",
    "hono",
    "@hono/node-server",
    "supertokens-node",
    "express-session",
    "@fastify/jwt",
    "@fastify/session",
    "fast-jwt",
    "iron-session",
  ],
  async run({ rounds }) {
    const unpin = pinSelf("load");
    const running: RunningApp[] = [];
    try {
      for (const app of apps) running.push(await start(app));
      const samples: number[][] = running.map(() => []);
      if (rounds > 1) {
        for (const app of running) {
          for (let n = 0; n < WARM_UP_LOADS; n++) await nanosecondsPerRequest(app);
        }
      }
      for (let round = 0; round < rounds; round++) {
        for (const [index, app] of running.entries()) samples[index]?.push(await nanosecondsPerRequest(app));
      }
      const measured = running.map(({ name }, index) => summarise(name, samples[index] ?? []));
      return running.map(({ name, unguarded }) =>
        row("http", named(measured, name), named(measured, unguarded)),
      );
    } finally {
      for (const { child } of running) child.disconnect();
      unpin();
    }
  },
};

async function start({ name, unguarded }: (typeof apps)[number]): Promise<RunningApp> {
  const script = join(import.meta.dirname, "../http/server-process.ts");
  const { execPath, execArgv } = pinned("server");
  const child = fork(script, [name], { execPath, execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const [{ port, headers }] = (await once(child, "message")) as [
    { port: number; headers: Record<string, string> },
  ];
  return { name, unguarded, child, port, request: requestBytes(headers) };
}

async function nanosecondsPerRequest(app: RunningApp): Promise<number> {
  const before = await cpuMicroseconds(app.child);
  await load(app.port, app.request, REQUESTS, CONNECTIONS, USER);
  return (((await cpuMicroseconds(app.child)) - before) * 1000) / REQUESTS;
}

async function cpuMicroseconds(child: ChildProcess): Promise<number> {
  const answer = once(child, "message");
  child.send("cpu?");
  return ((await answer) as [{ cpuMicroseconds: number }])[0].cpuMicroseconds;
}

function named(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name);
  if (found === undefined) throw new Error(`${name} was not measured`);
  return found;
}
