import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { HttpApp } from "../http/app.ts";
import { apps } from "../http/apps.ts";
import { load, requestBytes } from "../http/load.ts";
import { USER } from "../http/tokens.ts";
import { type Measured, summarise } from "../measure.ts";
import { pinned, pinSelf } from "../pin.ts";
import { gated, type Row, row } from "../row.ts";
import type { Suite } from "./suite.ts";

/** Few at a time: the machine's neighbours come and go, and a round is only worth what its cases have in common. */
const REQUESTS = 500;
/** What a server answers before it is measured: its code is compiled by then. */
const WARM_UP_REQUESTS = 30_000;
/**
 * Helpers of the collector that share one core with what they help wait for each other at random: the same server then
 * takes 15 µs for one request or 45, and the more garbage it makes the less.
 */
const COLLECTOR = "--single-threaded-gc";
const CONNECTIONS = 16;
/** One process of a server may take a fifth longer than the next, for all of its life. The rounds go through several. */
const PROCESSES = 3;
const TARGET = 1.075;

interface RunningApp {
  child: ChildProcess;
  port: number;
  request: string;
}

/**
 * A guarded route beside the same route unguarded, over HTTP. Each server is a process on one core, the load comes from
 * this process on another; what is measured is the CPU time the server uses per request, since a busy server answers as
 * many requests per second as fit into one second of it. One framework after the other, its servers in turn.
 */
export const httpSuite: Suite = {
  name: "http",
  title: "A route over HTTP: CPU time of the server per request",
  packages: [
    "express",
    "fastify",
    "@hapi/hapi",
    "hono",
    "@hono/node-server",
    "koa",
    "@loopback/rest",
    "@nestjs/core",
    "next",
    "supertokens-node",
    "express-session",
    "@fastify/jwt",
    "@fastify/session",
    "better-auth",
    "fast-jwt",
    "iron-session",
  ],
  async run({ rounds }) {
    const unpin = pinSelf("load");
    try {
      const rows: Row[] = [];
      for (const framework of new Set(apps.map(({ unguarded }) => unguarded))) {
        const group = apps.filter(({ unguarded }) => unguarded === framework);
        group.find(({ build }) => build)?.build?.();
        const measured = await measureGroup(group, rounds);
        for (const { name } of group) {
          const one = row("http", named(measured, name), named(measured, framework));
          rows.push(name.endsWith(", ours") ? gated(one, "ratio", TARGET) : one);
        }
      }
      return rows;
    } finally {
      unpin();
    }
  },
};

async function measureGroup(group: readonly HttpApp[], rounds: number): Promise<Measured[]> {
  const processes = Math.min(rounds, PROCESSES);
  const running = group.map((): RunningApp[] => []);
  try {
    for (let n = 0; n < processes; n++) {
      for (const [index, app] of group.entries()) running[index]?.push(await start(app));
    }
    if (rounds > 1) {
      for (const app of running.flat()) await nanosecondsPerRequest(app, WARM_UP_REQUESTS);
    }
    const samples = group.map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, list] of running.entries()) {
        const app = list[round % processes];
        if (app !== undefined) samples[index]?.push(await nanosecondsPerRequest(app));
      }
    }
    return group.map(({ name }, index) => summarise(name, samples[index] ?? []));
  } finally {
    for (const { child } of running.flat()) child.disconnect();
  }
}

async function start({ name }: HttpApp): Promise<RunningApp> {
  const script = join(import.meta.dirname, "../http/server-process.ts");
  const { execPath, execArgv } = pinned("server");
  const child = fork(script, [name], {
    execPath,
    execArgv: [...execArgv, COLLECTOR],
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [{ port, headers }] = (await once(child, "message")) as [
    { port: number; headers: Record<string, string> },
  ];
  return { child, port, request: requestBytes(headers) };
}

async function nanosecondsPerRequest(app: RunningApp, requests = REQUESTS): Promise<number> {
  const before = await cpuMicroseconds(app.child);
  await load(app.port, app.request, requests, CONNECTIONS, USER);
  return (((await cpuMicroseconds(app.child)) - before) * 1000) / requests;
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
