import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { LockQueue } from "./lock-queue.js";

/** An operation that finds the lock taken the first `times` times. */
function busyAtFirst<T>(times: number, value: T): () => T {
  let left = times;
  return () => {
    left -= 1;
    if (left >= 0) throw Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY" });
    return value;
  };
}

it("runs at once what need not wait", async () => {
  let ran = false;
  const result = new LockQueue().run(() => {
    ran = true;
    return 1;
  });
  expect(ran).toBe(true);
  expect(await result).toBe(1);
});

it("tries again while the lock is taken, and lets the others wait in order [sec ST-03]", async () => {
  const queue = new LockQueue();
  const order: string[] = [];
  const note = (name: string) => () => order.push(name);
  await Promise.all([
    queue.run(busyAtFirst(5, 0)).then(note("first")),
    queue.run(() => 0).then(note("second")),
    queue.run(busyAtFirst(1, 0)).then(note("third")),
  ]);
  expect(order).toEqual(["first", "second", "third"]);
  await queue.run(() => 0);
  await queue.drain();
});

it("gives up within 3 s, only on what has waited that long [sec ST-02]", async () => {
  const queue = new LockQueue();
  const startMs = performance.now();
  const first = queue.run(busyAtFirst(Number.POSITIVE_INFINITY, 0)).then(
    () => "done",
    (error: Error) => `${error.message}, ${(error.cause as Error).message}`,
  );
  await sleep(500);
  const second = queue.run(() => "second");
  expect(await first).toMatch(/locked by another process for too long, database is locked/);
  expect(performance.now() - startMs).toBeLessThan(3_000);
  expect(await second).toBe("second");
});

it("passes any other error on, from the first attempt and from a later one", async () => {
  const queue = new LockQueue();
  const failing = (): never => {
    throw new Error("no");
  };
  await expect(queue.run(failing)).rejects.toThrow("no");
  const waiting = queue.run(busyAtFirst(2, "waited"));
  await expect(queue.run(failing)).rejects.toThrow("no");
  expect(await waiting).toBe("waited");
});
