import { BoundedMap } from "./lru.js";

const PERIOD_MS = 60_000;
const MAX_SUBJECTS = 100;

interface Said {
  atMs: number;
  keptBack: number;
}

/** For lines that an outage would write at every request: each subject comes up once a minute. Without a timer. */
export class OnceAMinute {
  readonly #said = new BoundedMap<string, Said>(MAX_SUBJECTS);

  constructor(private readonly monoMs: () => number) {}

  /** @returns how often the subject was kept back since it last came up; undefined when it is to be kept back now */
  ask(subject: string): number | undefined {
    const nowMs = this.monoMs();
    const before = this.#said.get(subject);
    if (before !== undefined && nowMs - before.atMs < PERIOD_MS) {
      before.keptBack += 1;
      return undefined;
    }
    this.#said.set(subject, { atMs: nowMs, keptBack: 0 });
    return before?.keptBack ?? 0;
  }
}
