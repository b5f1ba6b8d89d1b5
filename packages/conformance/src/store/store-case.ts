import type { SessionRow, SessionStore } from "@acme/session-core/store";

/** A fresh, empty store. */
export interface StoreUnderTest {
  readonly store: SessionStore;
  /** Opens another instance on the same data, as another process of the application would. */
  reopen?(): SessionStore | Promise<SessionStore>;
  /** Takes one field away from a session that is stored, past the store, as a fault or a careless hand would. */
  damage?(handle: string, field: keyof SessionRow): Promise<void>;
  /** Deletes all that is stored, past the store while it is open: every row of every table, as TRUNCATE does. */
  deleteAll?(): Promise<void>;
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
  /** `damage` is there: rows are kept such that one can lose a field. Default: they are not. */
  readonly damage?: true | string | undefined;
  /** `deleteAll` is there. Default: it is not. */
  readonly deleteAll?: true | string | undefined;
}

/** Why a case is left out where a capability is not mentioned. */
export const usualReasons: Readonly<Record<keyof StoreCapabilities, string>> = {
  namespaces: "the store has no `inNamespace`",
  secondInstance: "the data does not outlive one instance",
  damage: "no row can lose a field: its columns are NOT NULL, or it is one object",
  deleteAll: "nobody but the store itself can delete what it keeps",
};

export interface StoreContext {
  readonly store: SessionStore;
  /** Another instance on the same data where the store has that, else `store` itself. */
  readonly second: SessionStore;
  /** Where the store has it. */
  readonly damage: NonNullable<StoreUnderTest["damage"]> | undefined;
  /** Where the store has it. */
  readonly deleteAll: StoreUnderTest["deleteAll"];
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
