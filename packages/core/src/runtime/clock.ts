/** Where the engine takes the time from. Passed in once, at creation, so that tests never sleep. */
export interface Clock {
  /** Milliseconds since the epoch. May step in either direction (NTP, restored machine). */
  wallMs(): number;
  /** Milliseconds from an arbitrary start. Never steps back; durations are measured with it. */
  monoMs(): number;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
};
