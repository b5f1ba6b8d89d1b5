import { execFileSync, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

const CORES = { server: 0, load: 1 } as const;
const canPin =
  process.platform === "linux" &&
  availableParallelism() > 1 &&
  spawnSync("taskset", ["-p", String(process.pid)]).status === 0;

/** How to start a Node process on the core of its role; anywhere, where cores cannot be chosen. */
export function pinned(role: keyof typeof CORES): { execPath: string; execArgv: string[] } {
  if (!canPin) return { execPath: process.execPath, execArgv: [] };
  return { execPath: "taskset", execArgv: ["-c", String(CORES[role]), process.execPath] };
}

/** Puts this process on the core of its role. @returns what lets it go again */
export function pinSelf(role: keyof typeof CORES): () => void {
  if (!canPin) return () => {};
  const before = execFileSync("taskset", ["-p", String(process.pid)], { encoding: "utf8" });
  const mask = before.trim().split(" ").at(-1) ?? "";
  taskset("-a", "-p", "-c", String(CORES[role]));
  return () => taskset("-a", "-p", mask);
}

function taskset(...args: string[]): void {
  execFileSync("taskset", [...args, String(process.pid)], { stdio: "ignore" });
}
