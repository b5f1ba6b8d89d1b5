import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const children = join(import.meta.dirname, "children");

/** A real process that runs one of `children/`, or the script at an absolute path, on the built package. */
export interface Child {
  readonly process: ChildProcess;
  /** Every line it has printed so far. */
  readonly lines: readonly string[];
  /** The next line that was not asked for yet. */
  line(): Promise<string>;
  /** Exit code or signal, once all output has been read. @throws when it printed to stderr and failed */
  end(): Promise<number | NodeJS.Signals | null>;
  /** Lets those that wait for a line on stdin go. */
  go(): void;
}

export function startChild(script: string, args: readonly string[], options: SpawnOptions = {}): Child {
  return start(process.execPath, [resolve(children, script), ...args], options);
}

/** The same in a shell that limits the size of every file it may write, in blocks of 1024 bytes. */
export function startChildWithFileLimit(blocks: number, script: string, args: readonly string[]): Child {
  const command = 'ulimit -f "$1" && shift && exec "$@"';
  return start(
    "bash",
    ["-c", command, "bash", `${blocks}`, process.execPath, join(children, script), ...args],
    {},
  );
}

function start(command: string, args: readonly string[], options: SpawnOptions): Child {
  if (!existsSync(join(import.meta.dirname, "../../dist/sqlite/index.js"))) {
    throw new Error("these tests start processes of the built package: run `npm run build` first");
  }
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let asked = 0;
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  reader.on("line", (line) => {
    lines.push(line);
    waiting.shift()?.(line);
  });
  const ended = Promise.all([
    new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(signal ?? code));
    }),
    new Promise((resolve) => reader.once("close", resolve)),
  ]).then(([result]) => {
    if (typeof result === "number" && (result !== 0 || errors !== "")) {
      throw new Error(`${args.at(0)} ended with ${result}:\n${errors}`);
    }
    return result;
  });
  ended.catch(() => {});
  return {
    process: child,
    lines,
    line() {
      const known = lines[asked];
      asked += 1;
      if (known !== undefined) return Promise.resolve(known);
      return Promise.race([
        new Promise<string>((resolve) => waiting.push(resolve)),
        ended.then(() => Promise.reject(new Error("the process ended without another line"))),
      ]);
    },
    end: () => ended,
    go: () => child.stdin?.write("go\n"),
  };
}

/** What a process printed as its only or last line. */
export async function resultOf<T>(child: Child): Promise<T> {
  await child.end();
  return JSON.parse(child.lines.at(-1) ?? "null") as T;
}
