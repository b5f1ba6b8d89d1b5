import type { RoleStore, SessionStore } from "@acme/session-core/store";
import type { MakeStore } from "../store/store-case.js";

/** A fresh, empty role store. */
export interface RoleStoreUnderTest {
  readonly store: RoleStore;
  /** Opens another instance on the same data, as another process of the application would. */
  reopen?(): RoleStore | Promise<RoleStore>;
  /** Closes what was opened, and removes what the test left. */
  cleanup?(): void | Promise<void>;
}

export type MakeRoleStore = () => RoleStoreUnderTest | Promise<RoleStoreUnderTest>;

/** The roles that a session store keeps beside its sessions; both are closed at the end. */
export function rolesIn(makeStore: MakeStore): MakeRoleStore {
  return async () => {
    const { store, reopen, cleanup } = await makeStore();
    const opened = [store];
    return {
      store: rolesOf(store),
      async reopen() {
        const second = (await reopen?.()) ?? store;
        opened.push(second);
        return rolesOf(second);
      },
      async cleanup() {
        for (const one of new Set(opened)) await one.close();
        await cleanup?.();
      },
    };
  };
}

/** @throws Error */
function rolesOf({ name, roles }: SessionStore): RoleStore {
  if (roles === undefined) throw new Error(`the ${name} store keeps no roles`);
  return roles;
}

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
