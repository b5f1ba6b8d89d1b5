import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface RunningExample {
  origin: string;
  /** Working directory, with `.sessions/` in it. */
  directory: string;
  /** What it has printed so far. */
  output(): string;
  /** Ends it as Ctrl-C or an operator does. @returns the exit code; null when it had to be killed */
  stop(signal: "SIGINT" | "SIGTERM"): Promise<number | null>;
}

/**
 * An example as `npm start` runs it: a process of its own, in an empty directory.
 *
 * @param server path of its `server.ts`
 * @param port default: a free one
 * @throws Error with what it printed, when it ends before it listens
 */
export async function startExample(server: string, port = 0): Promise<RunningExample> {
  const directory = await mkdtemp(join(tmpdir(), "session-example-"));
  const child = spawn(process.execPath, [server], {
    cwd: directory,
    env: { ...process.env, PORT: String(port), NODE_ENV: "development" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const removeDirectory = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const origin = await addressOf(child, () => output).catch(async (error: unknown) => {
    await removeDirectory();
    throw error;
  });
  return {
    origin,
    directory,
    output: () => output,
    async stop(signal) {
      const ended = once(child, "exit") as Promise<[number | null]>;
      child.kill(signal);
      const [code] = await ended;
      await removeDirectory();
      return code;
    },
  };
}

function addressOf(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", () => {
      const address = /http:\/\/localhost:\d+/.exec(output())?.[0];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", (code) => reject(new Error(`the example ended with ${code}:\n${output()}`)));
  });
}
