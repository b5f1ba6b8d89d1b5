import type { SessionStore } from "@acme/session-core/store";

/** Sees every statement of the store on a lent connection. */
export interface Witness {
  /** Asked before each; `"fail"`: the real server refuses another one in its place, so that the store sees a real error. */
  sends(): "send" | "fail";
  /** It has been answered, one way or the other. */
  isAnswered(): void;
}

/** A connection on which the application has begun a transaction. */
export interface LentConnection {
  /**
   * `store.joinTransaction(connection, work)`, with the store's statements seen by the witness; with the same witness as
   * before, on the same object.
   */
  join<T>(work: () => Promise<T>, witness: Witness): Promise<T>;
  /** One row of the application's own, in the same transaction. The first statement takes the snapshot, where there is one. */
  note(text: string): Promise<void>;
  /** Everything that the connection is set to, as the server tells it (`SHOW ALL` …), without what changes by itself. */
  settings(): Promise<string>;
}

/** One process of an application. */
export interface JoinedApplication {
  /** On the application's own pool. */
  readonly store: SessionStore;
  /**
   * One transaction at this isolation (the standard's words: `READ COMMITTED` …) on a connection of that pool: begun, given to `work`, committed when that resolves, rolled back when
   * it rejects, and the connection handed back. Rejects with what `work` or the commit said.
   */
  transaction<T>(isolation: string, work: (lent: LentConnection) => Promise<T>): Promise<T>;
  /** The application's own rows that were committed. */
  notes(): Promise<string[]>;
  /** A store of another process on the same tables, by connections of its own; the case closes it. */
  elsewhere(): SessionStore;
  /** Closes `store` and the pool, and drops what was made. */
  close(): Promise<void>;
}

/** A server, and an application on it that begins transactions itself. */
export interface JoinedServer {
  /** An application on its first day: no table of the store is there. Its pool has so many connections. */
  open(connections: number): Promise<JoinedApplication>;
}

/** What must hold in the caller's transaction. Knows no test runner; asserts with `node:assert/strict`. */
export interface JoinedCase {
  readonly id: string;
  /** What holds, as a sentence. */
  readonly title: string;
  /** Several transactions at once: with how many connections it needs. Default 1. */
  readonly connections?: number;
  /** @throws AssertionError, or what the store threw */
  run(application: JoinedApplication, isolation: string, connections: number): Promise<void>;
}
