import { expect, it } from "vitest";
import { MemoryStore } from "./memory-store.js";
import { usersOf, useStore } from "./store-users.js";

/** A store object of its own on the data that another one keeps too. */
class PlacedStore extends MemoryStore {
  closed = 0;
  constructor(readonly place: string) {
    super();
  }
  override async close(): Promise<void> {
    this.closed += 1;
  }
}

it("two store objects on one place are one store: different settings are refused, and each is closed with its own instance", async () => {
  const [first, second] = [new PlacedStore("db"), new PlacedStore("db")];
  const use = useStore(first, usersOf(first, first), undefined, { algorithm: "a" }, false);
  expect(() => useStore(second, usersOf(second, second), undefined, { algorithm: "b" }, false)).toThrow(
    /differ in algorithm/,
  );
  const other = useStore(
    second,
    usersOf(second, second.inNamespace("admins"), "admins"),
    "admins",
    { algorithm: "b" },
    false,
  );
  await use.close();
  expect([first.closed, second.closed]).toEqual([1, 0]);
  await other.close();
  expect(second.closed).toBe(1);
  await useStore(first, usersOf(first, first), undefined, { algorithm: "c" }, false).close();
});

it("where settings may differ nothing is refused", async () => {
  const store = new MemoryStore();
  useStore(store, usersOf(store, store), undefined, { algorithm: "a" }, false);
  expect(() => useStore(store, usersOf(store, store), undefined, { algorithm: "b" }, true)).not.toThrow();
});
