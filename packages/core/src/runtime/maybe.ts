import { isThenable } from "./aside.js";
import { patiently } from "./patience.js";

/** A value, or a promise of it: what is there at once costs no promise. */
export type Maybe<T> = T | Promise<T>;

/** Goes on with a value as soon as it is there. */
export function chain<T, U>(value: Maybe<T>, next: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** What an application returned, where promises of any make are allowed; a request waits for them only so long. */
export function soonSettled<T>(what: string, value: T | PromiseLike<T>): Maybe<T> {
  return isThenable(value) ? patiently(what, Promise.resolve(value)) : value;
}

const ignore = (): void => {};

/** For promises that somebody may forget to await: a rejection that nobody takes does not end the process. */
export function neverUnhandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore);
  return promise;
}

/** Makes it so for what these functions of an object return. */
export function forgive(owner: object, isMeant: (name: string) => boolean): void {
  for (const [name, member] of Object.entries(owner) as [string, unknown][]) {
    if (typeof member !== "function" || !isMeant(name)) continue;
    const forgiving = (...given: unknown[]): unknown => {
      const answer: unknown = Reflect.apply(member, owner, given);
      return answer instanceof Promise ? neverUnhandled(answer) : answer;
    };
    Object.assign(owner, { [name]: forgiving });
  }
}

/**
 * The outcome of a step as a promise.
 *
 * @param forgives whether a rejection that nobody takes does not end the process; one that succeeds at once pays nothing
 */
export function promised<T>(step: () => Maybe<T>, forgives: boolean): Promise<T> {
  let outcome: Maybe<T>;
  try {
    outcome = step();
  } catch (error) {
    outcome = Promise.reject(error);
  }
  return promiseOf(outcome, forgives);
}

export function promiseOf<T>(outcome: Maybe<T>, forgives: boolean): Promise<T> {
  if (!(outcome instanceof Promise)) return Promise.resolve(outcome);
  return forgives ? neverUnhandled(outcome) : outcome;
}

/** What an application returned, where promises of any make are allowed. */
export function settled<T>(value: T | PromiseLike<T>): Maybe<T> {
  return isThenable(value) ? Promise.resolve(value) : value;
}

/** One step after the other, each waited for only if it is a promise. */
export function inTurn<T>(list: readonly T[], step: (item: T) => Maybe<void>, from = 0): Maybe<void> {
  for (let index = from; index < list.length; index++) {
    const done = step(list[index] as T);
    if (done instanceof Promise) return done.then(() => inTurn(list, step, index + 1));
  }
}

/** Whether the test holds for some item; those behind the first such are not asked. */
export function someOf<T>(list: readonly T[], test: (item: T) => Maybe<boolean>, from = 0): Maybe<boolean> {
  for (let index = from; index < list.length; index++) {
    const answer = test(list[index] as T);
    if (answer instanceof Promise) return answer.then((is) => is || someOf(list, test, index + 1));
    if (answer === true) return true;
  }
  return false;
}
