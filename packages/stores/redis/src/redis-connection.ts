import { StoreTimeout, systemClock, within } from "@acme/session-core/store";
import { isReady, ownLimitMs, prefixToAdd, type RedisClient, sender } from "./redis-client.js";
import { RedisFailure, redisFailure } from "./redis-failure.js";
import { STATEMENT_LIMIT_MS } from "./server-time.js";

const LOOK_AGAIN_MS = 10;

/** An operation, which has so much time left. */
export interface Timed {
  remainingMs(): number;
}

/** What the store asks of a client. */
export interface RedisConnection {
  /** To be put before the keys of a command; the client may add more. */
  readonly keyPrefix: string;
  /** How long an answer is waited for; 2 s, or less. */
  readonly limitMs: number;
  /**
   * One command, within 2 s, and none once the time of the operation is up: it has been given up by then, and would take
   * effect nevertheless.
   *
   * @param key tells a cluster where it belongs
   * @param command asked for when it can be sent
   * @throws RedisFailure
   */
  send(operation: Timed, key: string, command: () => readonly string[]): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * The application's own client. It gets no listener and no setting of ours, and is not closed. While it is not connected
 * nothing is sent: most clients would keep the command, and run it when nobody waits for it any more.
 */
export function adoptClient(client: RedisClient): RedisConnection {
  const send = sender(client);
  return {
    keyPrefix: prefixToAdd(client),
    limitMs: Math.min(STATEMENT_LIMIT_MS, ownLimitMs(client)),
    async send(operation, key, command) {
      try {
        if (!isReady(client)) await untilReady(client);
        assertInTime(operation);
        return await within(STATEMENT_LIMIT_MS, send(key, command()));
      } catch (error) {
        throw redisFailure(error);
      }
    },
    async close() {},
  };
}

/** @throws StoreTimeout */
export function assertInTime({ remainingMs }: Timed): void {
  if (remainingMs() <= 0) throw new StoreTimeout(0);
}

/** By looking: a listener would have to stay on somebody else's object. */
async function untilReady(client: RedisClient): Promise<void> {
  const deadlineMs = systemClock.monoMs() + STATEMENT_LIMIT_MS;
  while (!isReady(client)) {
    if (systemClock.monoMs() > deadlineMs) {
      throw new RedisFailure(new StoreTimeout(STATEMENT_LIMIT_MS), "NOT_CONNECTED", "never");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
