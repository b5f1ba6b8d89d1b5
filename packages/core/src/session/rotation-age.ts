import type { ClockReading, ClockWatch } from "../runtime/clock-watch.js";
import { BoundedMap } from "../runtime/lru.js";
import type { SessionRow } from "../store/session-store.js";

const MAX_SESSIONS = 10_000;
/** Two ages of one rotation, by the monotonic clock and by the store's, differ by less. */
const SAME_MS = 10_000;

/** A rotation that this process has made or seen. */
interface Known {
  readonly hash2: string;
  readonly rotatedAtMs: number | null;
  readonly monoMs: number;
  readonly isOwn: boolean;
}

/** How long before a request's arrival the session's last rotation was. Negative: it arrived before it. */
export interface RotationAge {
  /** So much has passed, whatever the wall clock went through. */
  readonly atLeastMs: number;
  /** What the wall clock, or the store's, makes of it. */
  readonly apparentMs: number;
  /** Whether the rotation was this process's own: then `atLeastMs` is the age. */
  readonly isOwn: boolean;
  /** Whether the request has been in this process for any time: else it cannot have come before what it has read. */
  readonly hasWaited: boolean;
}

/**
 * Tells the age of a rotation by the best evidence there is, so that no clock that was set makes a thief of anybody. A
 * rotation that this process made, or has known for a while, is timed by the monotonic clock; of any other the row's
 * time is taken, less the steps that this process has seen its wall clock make since.
 */
export class RotationAges {
  readonly #known = new BoundedMap<string, Known>(MAX_SESSIONS);

  constructor(
    private readonly watch: ClockWatch,
    /** Whether the store stamps and compares by a clock of its own: then steps of this machine's do not count. */
    readonly storeKeepsTime: boolean,
  ) {}

  /** For reading a row and then asking for its age. */
  read(): ClockReading {
    return this.watch.read();
  }

  /** Whether a row may only seem to have expired. */
  isExpiryDoubtful(): boolean {
    return !this.storeKeepsTime && this.watch.isDoubtful();
  }

  /** This process has just made a token the current one. @param row as it is since */
  rotated(row: SessionRow): void {
    this.#know(row, this.watch.read().monoMs, true);
  }

  #know({ handle, refreshTokenHash2: hash2, rotatedAtMs }: SessionRow, monoMs: number, isOwn: boolean): void {
    this.#known.set(handle, { hash2, rotatedAtMs, monoMs, isOwn });
  }

  /** A store that was put back a step may have been rotated to the same token again, by anybody, since then. */
  #isSame(known: Known | undefined, row: SessionRow, apparentMs: number, knownMs: number): known is Known {
    if (known?.hash2 !== row.refreshTokenHash2) return false;
    return this.storeKeepsTime ? apparentMs > knownMs - SAME_MS : known.rotatedAtMs === row.rotatedAtMs;
  }

  /**
   * @param reading of when the row was asked for
   * @param arrivedAtMonoMs when the request reached the process
   */
  of(row: SessionRow, reading: ClockReading, arrivedAtMonoMs: number): RotationAge {
    const rotatedAtMs = row.rotatedAtMs ?? 0;
    const nowMonoMs = this.watch.read().monoMs;
    const apparentMs = reading.wallMs - rotatedAtMs - (reading.monoMs - arrivedAtMonoMs);
    // A store gives the age at the moment of its statement, which was somewhere between the reading and now.
    const uncertainMs = this.storeKeepsTime
      ? nowMonoMs - reading.monoMs
      : this.watch.stepsAheadSince(rotatedAtMs);
    const atLeastMs = apparentMs - uncertainMs;
    const hasWaited = nowMonoMs > arrivedAtMonoMs;
    const known = this.#known.get(row.handle);
    const knownMs = arrivedAtMonoMs - (known?.monoMs ?? nowMonoMs);
    if (!this.#isSame(known, row, apparentMs, knownMs)) {
      this.#know(row, nowMonoMs, false);
      return { atLeastMs, apparentMs, isOwn: false, hasWaited };
    }
    return known.isOwn
      ? { atLeastMs: knownMs, apparentMs, isOwn: true, hasWaited }
      : { atLeastMs: Math.max(knownMs, atLeastMs), apparentMs, isOwn: false, hasWaited };
  }
}
