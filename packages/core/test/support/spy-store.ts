import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";

type Operation = Exclude<keyof SessionStore, "name" | "joined" | "close">;
const WRITES = new Set<Operation>([
  "insertSession",
  "promoteSession",
  "updateAccessTokenPayload",
  "replaceSessionData",
  "deleteSessions",
  "deleteSessionsOfUser",
]);

/**
 * The real memory store, with every call written down and, on demand, failing as a database would. A fault can be made
 * to happen before the operation, or after it (the reply is lost).
 */
export class SpyStore extends MemoryStore {
  calls: Operation[] = [];
  fail: ((operation: Operation) => "before" | "after" | undefined) | undefined;

  constructor() {
    super();
    const operations: Operation[] = [
      "insertSession",
      "getSession",
      "promoteSession",
      "updateAccessTokenPayload",
      "replaceSessionData",
      "deleteSessions",
      "listSessionHandles",
      "deleteSessionsOfUser",
      "deleteExpiredSessions",
      "listSigningKeys",
      "insertSigningKey",
      "deleteSigningKeys",
      "listSecrets",
    ];
    for (const operation of operations) {
      const original = (this[operation] as (...args: unknown[]) => Promise<unknown>).bind(this);
      const spied = async (...args: unknown[]): Promise<unknown> => {
        this.calls.push(operation);
        const fault = this.fail?.(operation);
        if (fault === "before")
          throw Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
        const result = await original(...args);
        if (fault === "after") throw Object.assign(new Error("connection reset"), { code: "ECONNRESET" });
        return result;
      };
      Object.defineProperty(this, operation, { value: spied });
    }
  }

  /** Calls that touch sessions (keys and secrets left out) since the last reset. */
  get sessionCalls(): Operation[] {
    return this.calls.filter((operation) => !/SigningKey|Secrets/.test(operation));
  }

  get writes(): Operation[] {
    return this.calls.filter((operation) => WRITES.has(operation));
  }

  reset(): void {
    this.calls = [];
  }
}
