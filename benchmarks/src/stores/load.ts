import { startOfCpu } from "../child/cpu.ts";
import { childrenCpuMs } from "./children-cpu.ts";

/** What a run of one thing, so many at a time, came to. */
export interface Load {
  /** Time of the run by the number of steps: the inverse of steps per nanosecond. */
  readonly perStepNs: number;
  /** The same of the CPU time that this process and the database took. */
  readonly cpuPerStepNs: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** Does `step` over and over, `inFlight` at a time; `lane` tells them apart. Each lane does one step at least. */
export async function load(
  inFlight: number,
  isOver: () => boolean,
  step: (lane: number) => unknown,
): Promise<Load> {
  const tookMs: number[] = [];
  const startedMs = performance.now();
  const cpuMs = startOfCpu();
  const childrenStartMs = childrenCpuMs();
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      do {
        const beganMs = performance.now();
        await step(lane);
        tookMs.push(performance.now() - beganMs);
      } while (!isOver());
    }),
  );
  const perStepNs = ((performance.now() - startedMs) * 1e6) / tookMs.length;
  const cpuPerStepNs = ((cpuMs() + childrenCpuMs() - childrenStartMs) * 1e6) / tookMs.length;
  tookMs.sort((a, b) => a - b);
  return {
    perStepNs,
    cpuPerStepNs,
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? 0,
    longestMs: tookMs.at(-1) ?? 0,
  };
}

/** For `load`: over when so much time has passed since now. */
export function after(durationMs: number): () => boolean {
  const endMs = performance.now() + durationMs;
  return () => performance.now() >= endMs;
}
