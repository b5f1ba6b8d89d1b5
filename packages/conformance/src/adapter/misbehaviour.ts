import type { SessionOptions } from "@acme/session-core";
import { MemoryStore, type SessionRow } from "@acme/session-core/store";

/** What a driver says to its operator, and no client may ever read. */
export const DRIVER_WORDS = "words of a driver";

/** Logs in, and then answers nothing about sessions but errors that are full of a driver's words. */
export class BrokenStore extends MemoryStore {
  override getSession(): Promise<SessionRow | undefined> {
    return Promise.reject(brokenBy());
  }

  override updateAccessTokenPayload(): Promise<SessionRow | undefined> {
    return Promise.reject(brokenBy());
  }

  override deleteSessions(): Promise<string[]> {
    return Promise.reject(brokenBy());
  }
}

function brokenBy(): Error {
  const words = { code: "ER_NO_SUCH_TABLE", errno: 1146, detail: DRIVER_WORDS, sql: DRIVER_WORDS };
  return Object.assign(new Error(DRIVER_WORDS, { cause: new Error(DRIVER_WORDS) }), words);
}

/** Callbacks of an application that has made mistakes: they fail, at once or later. */
export const failingCallbacks: SessionOptions = {
  onEvent: async () => {
    throw new Error("the listener of the application");
  },
  logger: {
    info() {
      throw new Error("the logger of the application");
    },
    warn() {
      throw new Error("the logger of the application");
    },
  },
  errorHandlers: {
    onTryRefreshToken: async () => {
      throw new Error("the error handler of the application");
    },
  },
};
