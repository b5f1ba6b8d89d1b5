import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Command, InstanceOptions, Said } from "./instance.ts";
import type { StoreAddress } from "./open-store.ts";

/** The application in a process of its own, that can be stopped and killed. */
export interface Instance {
  readonly process: ChildProcess;
  /** Types of the events so far. */
  readonly events: readonly string[];
  /** Of the application that it serves now. */
  readonly origin: string;
  /** Opens a store and serves it; the one before is closed. */
  open(address: StoreAddress, options?: InstanceOptions): Promise<void>;
  /** The signal hits it at the nth point from now: 1 before its first call to the store, 2 after it, 3 before … */
  hitAt(point: number, signal: NodeJS.Signals): Promise<void>;
  /** Holds a lock on an SQLite file until it ends. */
  hold(path: string, lock: "write" | "everything"): Promise<void>;
  /** Whether a SIGSTOP has reached it. */
  isStopped(): boolean;
  /** Resolves once it has ended by itself or by a signal. */
  readonly ended: Promise<void>;
  end(): Promise<void>;
}

const alive = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of alive) child.kill("SIGKILL");
});

/** @param account to run as, when we are root */
export async function startInstance(account?: { uid: number; gid: number }): Promise<Instance> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "instance.ts")], {
    stdio: ["pipe", "pipe", "inherit"],
    ...account,
  });
  const events: string[] = [];
  const answers: ((said: Said) => void)[] = [];
  const ended = new Promise<void>((resolve) =>
    child.once("close", () => {
      alive.delete(child);
      resolve();
    }),
  );
  alive.add(child);
  // A command to a process that has just been killed is lost with it.
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    const said = JSON.parse(line) as Said;
    if ("event" in said) events.push(said.event);
    else answers.shift()?.(said);
  });
  let origin = "";
  const ask = async (command: Command): Promise<Said> => {
    const answer = new Promise<Said>((resolve) => answers.push(resolve));
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const dead = ended.then(() => Promise.reject(new Error("the process has ended before it answered")));
    const said = await Promise.race([answer, dead]);
    if ("error" in said) throw new Error(said.error);
    return said;
  };
  return {
    process: child,
    events,
    ended,
    get origin() {
      return origin;
    },
    async open(address, options) {
      const said = await ask({ do: "open", address, options });
      origin = "origin" in said ? said.origin : "";
    },
    async hitAt(point, signal) {
      await ask({ do: "hit", point, signal });
    },
    async hold(path, lock) {
      await ask({ do: "hold", path, lock });
    },
    isStopped: () => / T /.test(readFileSync(`/proc/${child.pid}/stat`, "utf8")),
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
