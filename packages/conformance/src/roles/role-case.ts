import type { RoleStore } from "@acme/session-core/store";

/** A fresh, empty role store. */
export interface RoleStoreUnderTest {
  readonly store: RoleStore;
  /** Opens another instance on the same data, as another process of the application would. */
  reopen?(): RoleStore | Promise<RoleStore>;
  /** Closes what was opened, and removes what the test left. */
  cleanup?(): void | Promise<void>;
}

export type MakeRoleStore = () => RoleStoreUnderTest | Promise<RoleStoreUnderTest>;

export interface RoleContext {
  readonly store: RoleStore;
  /** Another instance on the same data where the store has that, else `store` itself. */
  readonly second: RoleStore;
}

/** One thing a role store must do. Knows no test runner; asserts with `node:assert/strict`. */
export interface RoleCase {
  readonly id: string;
  /** What holds, as a sentence. */
  readonly title: string;
  /** @throws AssertionError, or what the store threw */
  run(context: RoleContext): Promise<void>;
}
