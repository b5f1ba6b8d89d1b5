/** Of two that ask at once the first may be told a later time: a mark that far ahead says nothing of a clock. */
const SLACK_MS = 60_000;

/**
 * For a store's `claimCleanUp`: whether it is time, by the mark of the latest clean-up.
 *
 * @returns what `claimCleanUp` returns if the mark can be moved
 */
export function sinceCleanUpMs(
  markMs: number | undefined,
  nowMs: number,
  intervalMs: number,
): number | undefined {
  // A mark ahead of now was made by a clock that was wrong, or is told by one that is.
  if (markMs === undefined || markMs > nowMs + SLACK_MS) return Number.POSITIVE_INFINITY;
  const sinceMs = nowMs - markMs;
  return sinceMs >= intervalMs ? sinceMs : undefined;
}
