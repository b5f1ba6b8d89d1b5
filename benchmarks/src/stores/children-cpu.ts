import { readdirSync, readFileSync } from "node:fs";

/**
 * CPU time that the processes this one has started, and theirs, have taken so far, in milliseconds: the databases'. Zero
 * where the system does not tell (outside Linux).
 */
export function childrenCpuMs(): number {
  return process.platform === "linux" ? cpuMsBelow(process.pid) : 0;
}

function cpuMsBelow(pid: number): number {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.reduce((sum, child) => sum + cpuMsOf(child) + cpuMsBelow(child), 0);
}

/** Of all its threads; the first number of `schedstat` is nanoseconds on a core. */
function cpuMsOf(pid: number): number {
  const threads = list(`/proc/${pid}/task`);
  return threads.reduce(
    (sum, thread) => sum + Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]) / 1e6,
    0,
  );
}

/** A process or thread may end while we look. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
