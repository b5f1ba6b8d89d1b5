import { expect, it } from "vitest";
import { type Attempt, type Retry, StoreOperations, StoreTimeout, within } from "./store-operations.js";

class Failure extends Error {
  constructor(readonly retry: Retry) {
    super(retry);
  }
}

function operations(): StoreOperations {
  return new StoreOperations("test", (error) => (error instanceof Failure ? error.retry : "never"));
}

it("tries again at most five times after a conflict, and gives what the last attempt gives [sec ST-03]", async () => {
  let attempts = 0;
  const third = operations().run(async () => {
    attempts += 1;
    if (attempts < 3) throw new Failure("nothing-happened");
    return attempts;
  });
  expect(await third).toBe(3);
  attempts = 0;
  const never = operations().run(async () => {
    attempts += 1;
    throw new Failure("nothing-happened");
  });
  await expect(never).rejects.toThrow("nothing-happened");
  expect(attempts).toBe(6);
});

it("does not wait for a lock once more when there is not as much time left as it took [sec ST-02, ST-03]", async () => {
  let attempts = 0;
  const waiting = operations().run(async () => {
    attempts += 1;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    throw new Failure("nothing-happened");
  });
  await expect(waiting).rejects.toThrow("nothing-happened");
  expect(attempts).toBeLessThanOrEqual(2);
});

it("does not try again what is not transient", async () => {
  let attempts = 0;
  const failing = operations().run(async () => {
    attempts += 1;
    throw new Error("no such table");
  });
  await expect(failing).rejects.toThrow("no such table");
  expect(attempts).toBe(1);
});

it("tells the attempts after a lost connection that the work may have been done, but not those after a conflict [sec ST-04]", async () => {
  const told: boolean[] = [];
  const failures: Retry[] = ["nothing-happened", "outcome-unknown", "nothing-happened"];
  await operations().run(async ({ outcomeUnknown }: Attempt) => {
    told.push(outcomeUnknown);
    const failure = failures.shift();
    if (failure !== undefined) throw new Failure(failure);
  });
  expect(told).toEqual([false, false, true, true]);
});

it("refuses operations after close, and close waits for what is under way [sec ST-12]", async () => {
  const all = operations();
  let finish: (value: string) => void = () => {};
  const running = all.run(() => new Promise<string>((resolve) => (finish = resolve)));
  let isClosed = false;
  const closing = all.close().then(() => {
    isClosed = true;
  });
  await expect(all.run(async () => 1)).rejects.toThrow("has been closed");
  expect(isClosed).toBe(false);
  finish("done");
  expect(await running).toBe("done");
  await closing;
});

it("stops waiting at the limit and leaves a late failure without effect [sec ST-02, CC-08]", async () => {
  let fail: (error: Error) => void = () => {};
  const late = new Promise<never>((_, reject) => (fail = reject));
  await expect(within(1, late)).rejects.toBeInstanceOf(StoreTimeout);
  fail(new Error("late"));
  await Promise.resolve();
});
