import type { SessionStore } from "@acme/session-core/store";

/** A TCP proxy between a store and its server. */
export interface Line {
  /** Pieces of data that the server has sent to the store. */
  replies: number;
  fault: {
    /** Nothing comes through in either direction, and nothing is closed. */
    blackHole?: boolean;
    /** Resets a connection in place of every so-manieth piece that would go to the store. */
    cutReplyEvery?: number;
  };
}

/** A server that nobody else uses, with all that a store needs on it (tables). */
export interface StoreServer {
  /** Opens a store on it that goes by the server's clock: through `line`, or past it. */
  open(options: { through?: Line; maxConnections?: number }): SessionStore;
  readonly line: Line;
  /** At once, without a chance to write anything (SIGKILL). */
  kill(): Promise<void>;
  /** On the same port, with the data that it kept. */
  restart(): Promise<void>;
}

/** One thing a store on a server must bear. Knows no test runner; asserts with `node:assert/strict`. */
export interface ServerCase {
  readonly id: string;
  /** Rows of the specification: `"sec ST-04"`. */
  readonly rows: readonly string[];
  /** What holds, as a sentence. */
  readonly title: string;
  /** @throws AssertionError, or what the store threw */
  run(server: StoreServer): Promise<void>;
}
