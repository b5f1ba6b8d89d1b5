import type { SessionStore } from "@acme/session-core/store";

/** A database of its own, our store on it, and the bare driver to compare with: same settings, same number of connections. */
export interface Target {
  /** Another instance on the same rows. */
  open(): SessionStore;
  /** A row as ours into a table as ours, by one statement or script. */
  rawInsert(handle: string): unknown;
  /** Hash, counter and expiry of a row that `rawInsert` made, if the hash is the one it was made with. */
  rawCas(handle: string): unknown;
  /** Makes rows, see `filled`, inside the database. @param expiredEvery 1: all of them have expired */
  fill(count: number, expiredEvery: number): Promise<void>;
  /** Watches how long statements wait for locks, where the database tells. */
  watchLocks?(): Promise<LockWatch>;
  stop(): Promise<void>;
}

export interface LockWatch {
  /** @returns the longest wait so far */
  stop(): Promise<number>;
}
