/** What a run of one thing, so many at a time, came to. */
export interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** Does `step` for so long, `inFlight` at a time; `lane` tells them apart. */
export async function load(
  seconds: number,
  inFlight: number,
  step: (lane: number) => Promise<unknown>,
): Promise<Load> {
  const tookMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  await Promise.all(
    Array.from({ length: inFlight }, async (_, lane) => {
      while (performance.now() < endMs) {
        const beganMs = performance.now();
        await step(lane);
        tookMs.push(performance.now() - beganMs);
      }
    }),
  );
  tookMs.sort((a, b) => a - b);
  return {
    perSecond: tookMs.length / ((performance.now() - startedMs) / 1000),
    p99Ms: tookMs[Math.floor(tookMs.length * 0.99)] ?? 0,
  };
}
