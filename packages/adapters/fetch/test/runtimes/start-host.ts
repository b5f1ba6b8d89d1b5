import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HarnessOptions, ProbeSnapshot, RunningApp } from "@acme/session-conformance";
import { compileHost } from "./compile-host.js";
import { binaryOf, type Runtime } from "./runtime.js";

/** A runtime's process that serves one application at a time. */
export interface Host {
  readonly origin: string;
  start(options: HarnessOptions): Promise<RunningApp>;
  stop(): Promise<void>;
}

/** @throws Error with what it printed, when it ends before it listens */
export async function startHost(runtime: Runtime): Promise<Host> {
  const child = spawn(binaryOf(runtime) ?? runtime, await compileHost(runtime), {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const port = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const found = /port"?[ :]+(\d+)/.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${runtime} ended with ${code}:\n${output}`)));
  });
  const origin = `http://127.0.0.1:${port}`;

  async function ask(task: string, body: unknown = null): Promise<unknown> {
    const response = await fetch(`${origin}/__host/${task}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${runtime}: ${task}: ${await response.text()}`);
    return response.json();
  }

  return {
    origin,
    async start(options) {
      await ask("start", options);
      return {
        origin,
        probe: {
          async reset() {
            await ask("reset");
          },
          snapshot: () => ask("snapshot") as Promise<ProbeSnapshot>,
          async advanceMs(ms) {
            await ask("advance", ms);
          },
        },
        async close() {
          await ask("close");
        },
      };
    },
    async stop() {
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
}
