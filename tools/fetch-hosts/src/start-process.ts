import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HarnessOptions, ProbeSnapshot, RunningApp } from "@acme/session-conformance";

/** A process that serves one application at a time. */
export interface HostProcess {
  start(options: HarnessOptions): Promise<RunningApp>;
  stop(): Promise<void>;
}

/** @throws Error with what it printed, when it ends before it listens */
export async function startProcess(command: string, args: readonly string[]): Promise<HostProcess> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: "production", NODE_OPTIONS: "" },
  });
  let output = "";
  const port = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const found = /^port (\d+)$/m.exec(output)?.[1];
        if (found !== undefined) resolve(found);
      });
    }
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${args.at(-1)} ended with ${code}:\n${output}`)));
  });

  async function ask(task: string, body: unknown = null): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${port}/${task}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${task}: ${await response.text()}`);
    return response.json();
  }

  return {
    async start(options) {
      const { origin } = (await ask("start", options)) as { origin: string };
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
