import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it } from "vitest";
import { type JoinedContext, JoinedTransactions } from "./joined-transaction.js";

type Query = (answer: Promise<unknown>) => Promise<unknown>;

function transactions() {
  const joining = new JoinedTransactions<Query>(new AsyncLocalStorage<JoinedContext<Query>>());
  const sent: Promise<unknown>[] = [];
  const join = <T>(work: () => Promise<T>): Promise<T> =>
    joining.join(
      (joined) => (answer) =>
        joined.statement(() => {
          sent.push(answer);
          return answer;
        }),
      work,
    );
  const send = (answer: Promise<unknown>) => joining.current()?.query(answer);
  return { joining, join, send, sent };
}

it("a statement that failed rejects the call although its error was caught, and nothing is sent after it", async () => {
  const { join, send, sent } = transactions();
  const cause = new Error("a serialization failure");
  const outcome = join(async () => {
    await send(Promise.reject(cause))?.catch(() => {});
    await send(Promise.resolve())?.catch(() => {});
    return "tokens";
  });
  await expect(outcome).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", cause });
  expect(sent).toHaveLength(1);
});

it("what the work threw by itself is passed on when everything under way is over", async () => {
  const { join, send } = transactions();
  let isOver = false;
  const slow = new Promise((resolve) => setTimeout(resolve, 30)).then(() => {
    isOver = true;
  });
  const outcome = join(async () => {
    void send(slow);
    throw new Error("the application's own");
  });
  await expect(outcome).rejects.toThrow("the application's own");
  expect(isOver).toBe(true);
});

it("what is left for afterwards runs outside when the transaction is over, that of a transaction in another one too", async () => {
  const { joining, join } = transactions();
  const ran: string[] = [];
  const later = (name: string) =>
    joining.current()?.afterwards(() => ran.push(`${name} ${joining.current() === undefined}`));
  await join(async () => {
    await join(async () => later("inner"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ran).toEqual([]);
    later("outer");
  });
  await expect.poll(() => ran).toEqual(["inner true", "outer true"]);
});

it("work beside a transaction is not in it, and knows that somebody waits with the connection", async () => {
  const { joining, join } = transactions();
  expect(joining.isBeside).toBe(false);
  await join(async () => {
    expect(joining.isBeside).toBe(true);
    await joining.current()?.outside(async () => {
      expect([joining.current(), joining.isBeside]).toEqual([undefined, true]);
    });
  });
});
