/** One thing to time. `run` does it `count` times; what it returns is awaited. */
export interface Case {
  name: string;
  run(count: number): void | Promise<void>;
}

/** What came out, in nanoseconds of CPU time per call. */
export interface Measured {
  name: string;
  median: number;
  p25: number;
  p75: number;
  samples: number[];
}

/**
 * Times all cases in interleaved rounds: each round runs every case once, so that a slow moment of the machine falls on
 * all of them and a ratio of two cases of one round means something. CPU time, not wall time: other processes are there.
 */
export async function measure(
  cases: readonly Case[],
  { rounds, roundMs }: { rounds: number; roundMs: number },
): Promise<Measured[]> {
  const counts: number[] = [];
  for (const one of cases) counts.push(await calibrate(one, roundMs));
  const samples: number[][] = cases.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, one] of cases.entries()) samples[index]?.push(await time(one, counts[index] ?? 1));
  }
  return cases.map((one, index) => summarise(one.name, samples[index] ?? []));
}

/** Ratio of two cases, round by round, as median and quartiles. */
export function ratioOf(a: Measured, b: Measured): { median: number; p25: number; p75: number } {
  return summarise(
    "",
    a.samples.map((sample, round) => sample / (b.samples[round] ?? Number.NaN)),
  );
}

async function calibrate(one: Case, roundMs: number): Promise<number> {
  let count = 1;
  for (;;) {
    const started = process.cpuUsage();
    await one.run(count);
    const { user, system } = process.cpuUsage(started);
    if ((user + system) / 1000 >= roundMs) return count;
    count *= 2;
  }
}

async function time(one: Case, count: number): Promise<number> {
  const started = process.cpuUsage();
  await one.run(count);
  const { user, system } = process.cpuUsage(started);
  return ((user + system) * 1000) / count;
}

export function summarise(name: string, samples: number[]): Measured {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { name, median: at(0.5), p25: at(0.25), p75: at(0.75), samples };
}
