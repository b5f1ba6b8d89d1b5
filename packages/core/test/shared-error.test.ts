import { expect, it } from "vitest";
import { bindSession } from "../src/adapter/bind-session.js";
import { SessionError } from "../src/errors/session-error.js";
import { MemoryStore } from "../src/store/index.js";
import { wrap } from "./support/http-app.js";

class Away extends MemoryStore {
  isAway = true;
  async #look<T>(found: () => Promise<T>): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (this.isAway) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    return found();
  }
  override listSecrets(...given: Parameters<MemoryStore["listSecrets"]>) {
    return this.#look(() => super.listSecrets(...given));
  }
  override listSigningKeys(...given: Parameters<MemoryStore["listSigningKeys"]>) {
    return this.#look(() => super.listSigningKeys(...given));
  }
}

const logger = { debug() {}, info() {}, warn() {} };

/** The errors of ten calls at once. */
async function failures(call: () => Promise<unknown>): Promise<SessionError[]> {
  const results = await Promise.allSettled(Array.from({ length: 10 }, call));
  return results.map((result) => (result.status === "rejected" ? result.reason : undefined));
}

it.each<[what: string, call: (session: ReturnType<typeof bindSession>["session"]) => Promise<unknown>]>([
  ["logins", (session) => session.createNewSessionWithoutRequestResponse("user-1")],
  ["looks at the keys", (session) => session.getJWKS()],
])(
  "ten %s while the store is away fail with an error each: a mark on one is on no other",
  async (_, call) => {
    const store = new Away();
    const { session } = bindSession({ store, logger }, wrap);
    const errors = await failures(() => call(session));
    expect(new Set(errors).size).toBe(10);
    for (const error of errors) {
      expect(SessionError.is(error)).toBe(true);
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", status: 503, retryAfterMs: 1000 });
      expect(error.message).toContain("ECONNREFUSED");
      expect([error.cause, error.stack]).toEqual([errors[0]?.cause, errors[0]?.stack]);
      expect(error.cause).toMatchObject({ code: "ECONNREFUSED" });
      expect(Object.keys(error)).not.toContain("cause");
    }
    store.isAway = false;
    await call(session);
    await session.close();
  },
);
