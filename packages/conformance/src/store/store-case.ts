import type { SessionStore } from "@acme/session-core/store";

/** A fresh, empty store. */
export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Opens another instance on the same data, as another process of the application would. */
  reopen?(): SessionStore | Promise<SessionStore>;
  /** Removes what the test left. The stores have been closed by then. */
  cleanup?(): void | Promise<void>;
}

export type MakeStore = () => StoreUnderTest | Promise<StoreUnderTest>;

/** What a kind of store can do: `true`, or the reason why it cannot, which is printed with each case left out. */
export interface StoreCapabilities {
  /** `reopen` is there: the data outlives one instance. */
  readonly secondInstance: true | string;
  /** `inNamespace` is there. */
  readonly namespaces: true | string;
}

export interface StoreContext {
  readonly store: SessionStore;
  /** Another instance on the same data where the store has that, else `store` itself. */
  readonly second: SessionStore;
}

/** One thing a store must do. Knows no test runner; asserts with `node:assert/strict`. */
export interface StoreCase {
  readonly id: string;
  /** Rows of the specification, if it has any: `"wire ST-3"`, `"sec S-07"`. */
  readonly rows: readonly string[];
  /** What holds, as a sentence. */
  readonly title: string;
  /** Left out where the store does not have it. */
  readonly needs?: keyof StoreCapabilities;
  /** @throws AssertionError, or what the store threw */
  run(context: StoreContext): Promise<void>;
}
