import { expect, it } from "vitest";
import { SessionError } from "../errors/session-error.js";
import { guardedRoleStore } from "./guarded-role-store.js";
import { guardedStore } from "./guarded-store.js";
import { MemoryRoleStore } from "./memory-role-store.js";
import { MemoryStore } from "./memory-store.js";
import type { StoreFailure } from "./store-guard.js";

type Operations = Record<string, (...given: unknown[]) => unknown>;

/** Names of a store's operations, taken from a real one: whoever adds one meets the test. */
function operationsOf(prototype: object, others: readonly string[]): string[] {
  return Object.getOwnPropertyNames(prototype).filter(
    (name) => name !== "constructor" && !others.includes(name),
  );
}

/** A store whose every operation ends so. */
function failing<Store extends object>(real: Store, how: () => unknown): Store {
  return new Proxy(real, {
    get: (_, name) => (typeof Reflect.get(real, name) === "function" ? how : Reflect.get(real, name)),
  });
}

const guards = [
  {
    name: "sessions",
    operations: operationsOf(MemoryStore.prototype, ["close", "inNamespace"]),
    guarded: (how: () => unknown, tell: (failure: StoreFailure) => void) =>
      guardedStore(failing(new MemoryStore(), how), tell),
  },
  {
    name: "roles",
    operations: operationsOf(MemoryRoleStore.prototype, []),
    guarded: (how: () => unknown, tell: (failure: StoreFailure) => void) =>
      guardedRoleStore(failing(new MemoryRoleStore(), how), "memory", tell),
  },
];
const gone = (): Error => Object.assign(new Error("gone"), { code: "ECONNRESET" });
const ways: Record<string, () => unknown> = {
  rejects: () => Promise.reject(gone()),
  throws: () => {
    throw gone();
  },
};

for (const { name, operations, guarded } of guards) {
  for (const [way, how] of Object.entries(ways)) {
    it(`whatever operation of the store of ${name} ${way}, it is 503 and told by its name [sec O-01]`, async () => {
      expect(operations.length).toBeGreaterThan(14);
      for (const operation of operations) {
        const told: string[] = [];
        const store = guarded(how, (failure) => told.push(failure.operation)) as unknown as Operations;
        const given = [[], 0, 0];
        const failure = await Promise.resolve(store[operation]?.(...given)).catch((error: unknown) => error);
        expect([operation, SessionError.is(failure) && failure.type, told]).toEqual([
          operation,
          "STORE_UNAVAILABLE",
          [operation],
        ]);
      }
    });
  }
}
