import { systemClock, systemRandom, within } from "@acme/session-core/store";
import { type Link, openLink, type RedisDriverName } from "./open-link.js";
import { assertInTime, type RedisConnection } from "./redis-connection.js";
import { noAnswer, RedisFailure, redisFailure } from "./redis-failure.js";
import { STATEMENT_LIMIT_MS } from "./server-time.js";

const CONNECT_LIMIT_MS = 2_000;
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1_000;
/** So that a store which nobody uses has no connection after half a minute. */
const IDLE_MS = 20_000;

/** A link, and who uses it. */
interface Use {
  readonly link: Link;
  inFlight: number;
  /** When the server last said anything. */
  heardMs: number;
  usedMs: number;
  isDropped: boolean;
}

/**
 * A connection of our own: one link at a time, opened when it is needed. A link that fails is dropped, and only that
 * one; opening again is held back by growing pauses, 1 s at most, until something has been answered. An operation waits
 * for the link within its budget, and nothing queues up behind an outage (security.md ST-02). A link that nobody uses
 * keeps no process alive, and is closed after a while.
 */
export function openConnection(
  url: string,
  driver: RedisDriverName | undefined,
  idleMs = IDLE_MS,
): RedisConnection {
  let current: Use | undefined;
  let opening: Promise<Use> | undefined;
  let failures = 0;
  let openedMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;
  // The driver's code comes at once, so that the first operation does not spend its budget on it; what is missing is said then.
  (driver === "ioredis" ? import("ioredis") : import("@redis/client")).catch(() => {});

  async function open(): Promise<Use> {
    const pauseMs = failures === 0 ? 0 : openedMs + pauseAfter(failures) - systemClock.monoMs();
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    openedMs = systemClock.monoMs();
    try {
      const link = await openLink(url, driver, CONNECT_LIMIT_MS);
      const nowMs = systemClock.monoMs();
      const use: Use = { link, inFlight: 0, heardMs: nowMs, usedMs: nowMs, isDropped: false };
      if (isClosed) {
        link.drop();
        throw new RedisFailure(undefined, "NOT_CONNECTED", "never");
      }
      link.onEnd(() => forget(use));
      current = use;
      closeWhenIdle(use, idleMs);
      return use;
    } catch (error) {
      failures += 1;
      // Nothing was sent yet.
      const { cause, code, isPermanent } = redisFailure(error);
      const retry = isPermanent ? "never" : "nothing-happened";
      throw code === "TIMEOUT" ? noAnswer(cause, url, retry) : new RedisFailure(cause ?? error, code, retry);
    } finally {
      opening = undefined;
    }
  }

  /** Rides out what is over within 2 s; then says what the last attempt met, and not what a second one of 2 s would. */
  async function usable(): Promise<Use> {
    const deadlineMs = systemClock.monoMs() + CONNECT_LIMIT_MS - LONGEST_PAUSE_MS / 2;
    for (;;) {
      if (current !== undefined) return current;
      opening ??= open();
      try {
        return await opening;
      } catch (error) {
        if (isClosed || redisFailure(error).isPermanent || systemClock.monoMs() > deadlineMs) throw error;
      }
    }
  }

  function forget(use: Use): void {
    if (current === use) current = undefined;
  }

  /** No operation begins on it any more; what is under way gets its answer. */
  function retire(use: Use): void {
    if (use.isDropped) return;
    use.isDropped = true;
    failures += 1;
    forget(use);
  }

  /** What is under way is rejected at once, and tried again on the next link. */
  function drop(use: Use): void {
    if (use.isDropped) return;
    retire(use);
    use.link.drop();
  }

  function closeWhenIdle(use: Use, afterMs: number): void {
    setTimeout(() => {
      if (current !== use) return;
      const restMs = use.inFlight > 0 ? idleMs : use.usedMs + idleMs - systemClock.monoMs();
      if (restMs > 0) return closeWhenIdle(use, restMs);
      forget(use);
      use.link.drop();
    }, afterMs).unref();
  }

  return {
    keyPrefix: "",
    limitMs: STATEMENT_LIMIT_MS,
    async send(operation, _, command) {
      const use = current ?? (await usable());
      assertInTime(operation);
      const sentMs = systemClock.monoMs();
      use.usedMs = sentMs;
      use.inFlight += 1;
      if (use.inFlight === 1) use.link.hold();
      try {
        const answer = await within(STATEMENT_LIMIT_MS, use.link.send(command()));
        use.heardMs = systemClock.monoMs();
        failures = 0;
        return answer;
      } catch (error) {
        const failure = redisFailure(error);
        if (failure.isAnswer) use.heardMs = systemClock.monoMs();
        // Answers come in order: one that takes too long behind others that came says nothing of the link.
        const isSilent = failure.code === "TIMEOUT" && use.heardMs <= sentMs;
        if (isSilent || (!failure.isAnswer && failure.code !== "TIMEOUT")) drop(use);
        else if (failure.isOfNode) retire(use);
        throw failure;
      } finally {
        use.inFlight -= 1;
        use.usedMs = systemClock.monoMs();
        if (use.inFlight === 0) {
          if (use.isDropped) use.link.drop();
          else use.link.release();
        }
      }
    },
    async close() {
      isClosed = true;
      const last = current;
      current = undefined;
      last?.link.drop();
    },
  };
}

function pauseAfter(failures: number): number {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  // So that many processes do not come back at the same moment.
  return pauseMs * (0.5 + (systemRandom(1)[0] ?? 0) / 512);
}
