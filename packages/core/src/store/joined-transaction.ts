import { SessionError } from "../errors/session-error.js";
import { invalidArgument } from "../errors/throwers.js";
import type { JoinedTransaction } from "./session-store.js";
import { within } from "./store-operations.js";

/** How long a statement of ours may go on after the work has ended, before the connection is given up. */
const HANDING_BACK_MS = 5_000;

/** What Node's `AsyncLocalStorage` does. */
export interface ContextStorage<T> {
  run<R>(value: T, work: () => R): R;
  getStore(): T | undefined;
}

/** What the code that asks is in: a transaction of the application, or what core does beside one meanwhile. */
export type JoinedContext<Query> =
  | { readonly joined: Joined<Query>; readonly told: Told }
  | { readonly isBeside: boolean };

/**
 * The transactions that an application has lent to a store. Inside `join` every statement runs on the connection that
 * was given; none runs after it has been handed back; and one that failed rejects the call, whoever caught it before.
 */
export class JoinedTransactions<Query> {
  constructor(private readonly storage: ContextStorage<JoinedContext<Query>>) {}

  /** The transaction that the calling code is in. */
  current(): Joined<Query> | undefined {
    const context = this.storage.getStore();
    return context !== undefined && "joined" in context ? context.joined : undefined;
  }

  /** The same as the engine is to see it: the innermost call, also of several on one connection. */
  told(): JoinedTransaction | undefined {
    return this.#told();
  }

  #told(): Told | undefined {
    const context = this.storage.getStore();
    return context !== undefined && "joined" in context ? context.told : undefined;
  }

  /**
   * One in another on the same connection, as between savepoints: statements belong to the outer one, but what a client
   * is told in it is void when `work` rejects.
   */
  async joinAgain<T>(joined: Joined<Query>, work: () => Promise<T>): Promise<T> {
    return this.#telling(joined, new Told(joined), work);
  }

  /** One transaction in another is kept only with it. */
  async #telling<T>(joined: Joined<Query>, told: Told, work: () => Promise<T>): Promise<T> {
    const outer = this.#told();
    let isKept = false;
    try {
      const result = await this.storage.run({ joined, told }, work);
      isKept = true;
      return result;
    } finally {
      if (isKept && outer !== undefined) outer.whenOver((isOuterKept) => told.settle(isOuterKept));
      else told.settle(isKept);
    }
  }

  /** Whether somebody beside the calling code waits for it with the application's connection in hand. */
  get isBeside(): boolean {
    const context = this.storage.getStore();
    return context !== undefined && ("joined" in context || context.isBeside);
  }

  /**
   * @param open makes the query of the connection; each of its statements goes through `Joined.statement`
   * @throws what `work` threw; SessionError `STORE_UNAVAILABLE` when a statement failed, `INVALID_ARGUMENT` when `work`
   *   ended before what it had begun
   */
  async join<T>(open: (joined: Joined<Query>) => Query, work: () => Promise<T>): Promise<T> {
    const outer = this.current();
    const joined = new Joined<Query>(
      (isBeside, step) => this.storage.run({ isBeside }, step),
      open,
      // One transaction in another: nothing of ours may wait for a connection before the outer one has ended too.
      outer === undefined ? undefined : (task) => outer.afterwards(task),
    );
    return this.#telling(joined, new Told(joined), async () => {
      let result: T;
      try {
        result = await work();
      } catch (error) {
        await joined.end().catch(() => {});
        throw error;
      }
      await joined.end();
      return result;
    });
  }
}

/** One call of the application, as the engine sees it. */
class Told implements JoinedTransaction {
  readonly #waiting: ((isKept: boolean) => void)[] = [];
  #isKept: boolean | undefined;

  constructor(private readonly joined: Joined<unknown>) {}

  outside<T>(work: () => Promise<T>): Promise<T> {
    return this.joined.outside(work);
  }

  afterwards(task: () => unknown): void {
    this.joined.afterwards(task);
  }

  whenOver(task: (isKept: boolean) => void): void {
    if (this.#isKept === undefined) this.#waiting.push(task);
    else task(this.#isKept);
  }

  /** The last first, so that what each of them sets back was so before it. */
  settle(isKept: boolean): void {
    this.#isKept = isKept;
    for (const task of this.#waiting.splice(0).reverse()) task(isKept);
  }
}

/** One transaction of the application, while it is lent to a store. */
export class Joined<Query> {
  readonly query: Query;
  readonly #underWay = new Set<Promise<unknown>>();
  #turn: Promise<unknown> = Promise.resolve();
  readonly #tasks: (() => unknown)[] = [];
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(
    private readonly beside: <T>(isBeside: boolean, step: () => T) => T,
    open: (joined: Joined<Query>) => Query,
    private readonly passOn: ((task: () => unknown) => void) | undefined,
  ) {
    this.query = open(this);
  }

  /**
   * One statement on the connection.
   *
   * @param send sends it; resolves when it has been answered, not earlier
   * @throws what was thrown by the first statement that failed; SessionError `INVALID_ARGUMENT` once it is handed back
   */
  statement<T>(send: () => Promise<T>): Promise<T> {
    // One after the other: a connection has one statement at a time, and what comes behind a failed one is not sent.
    const answer = this.#turn.then(() => this.#send(send));
    this.#turn = answer.catch(() => {});
    this.#underWay.add(answer);
    const ended = (): void => void this.#underWay.delete(answer);
    answer.then(ended, ended);
    return answer;
  }

  async #send<T>(send: () => Promise<T>): Promise<T> {
    this.assertOpen();
    try {
      return await send();
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** @throws as `statement` */
  assertOpen(): void {
    if (this.#isOver) {
      throw invalidArgument(
        "the transaction of `joinTransaction` has been handed back: await everything inside the function given to it",
      );
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** From here on the transaction is of no use: nothing is sent any more, and the call will reject. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  outside<T>(work: () => Promise<T>): Promise<T> {
    return this.beside(true, work);
  }

  afterwards(task: () => unknown): void {
    if (this.#isOver) this.#runBehind(task);
    else this.#tasks.push(task);
  }

  /** Hands the connection back. @throws SessionError when it was not used as it should have been, or not successfully */
  async end(): Promise<void> {
    const leftBehind = this.#underWay.size > 0;
    this.#isOver = true;
    const settled = await within(HANDING_BACK_MS, Promise.allSettled(this.#underWay)).then(
      () => true,
      () => false,
    );
    for (const task of this.#tasks.splice(0)) this.#runBehind(task);
    if (!settled) {
      throw new SessionError({
        type: "STORE_UNAVAILABLE",
        message: "a statement in the application's transaction is not answered; drop its connection",
      });
    }
    if (this.#failure !== undefined) {
      throw new SessionError({
        type: "STORE_UNAVAILABLE",
        message: "a statement failed in the application's transaction; roll it back",
        cause: this.#failure.error,
      });
    }
    if (leftBehind) {
      throw invalidArgument(
        "the function given to `joinTransaction` ended before what it had begun: await everything in it, and roll back",
      );
    }
  }

  #runBehind(task: () => unknown): void {
    if (this.passOn !== undefined) this.passOn(task);
    else {
      this.beside(false, () => {
        Promise.resolve()
          .then(task)
          .catch(() => {});
      });
    }
  }
}
