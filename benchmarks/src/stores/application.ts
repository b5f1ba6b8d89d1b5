import { silentLogger } from "@acme/session-core";
import type { SessionStore } from "@acme/session-core/store";
import { createSession } from "@acme/session-express";

/** An application on a store, seen by its clients: refresh tokens go in and out. */
export interface Application {
  signIn(): Promise<string>;
  refresh(refreshToken: string): Promise<string>;
  /** Refreshes until it is done, as a client does that heeds `Retry-After`. */
  refreshPatiently(refreshToken: string): Promise<string>;
  thefts(): number;
  close(): Promise<void>;
}

const PATIENCE = 50;

export function startApplication(store: SessionStore): Application {
  let thefts = 0;
  let users = 0;
  const session = createSession({ store, logger: silentLogger, refreshRateLimit: false });
  const refresh = async (token: string): Promise<string> => {
    try {
      return refreshTokenOf(await session.refreshSessionWithoutRequestResponse(token, true));
    } catch (error) {
      if (typeOf(error) === "TOKEN_THEFT_DETECTED") thefts += 1;
      throw error;
    }
  };
  return {
    async signIn() {
      users += 1;
      return refreshTokenOf(await session.createNewSessionWithoutRequestResponse(`user-${users}`));
    },
    refresh,
    async refreshPatiently(token) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await refresh(token);
        } catch (error) {
          const { retryAfterMs } = error as { retryAfterMs?: number };
          if (attempt === PATIENCE || retryAfterMs === undefined) throw error;
          // Nobody comes back in the very moment, and no two in the same.
          await new Promise((resolve) => setTimeout(resolve, retryAfterMs * (1 + Math.random())));
        }
      }
    },
    thefts: () => thefts,
    close: () => session.close(),
  };
}

function typeOf(error: unknown): unknown {
  return (error as { type?: unknown }).type;
}

function refreshTokenOf(container: {
  getAllSessionTokensDangerously(): { refreshToken: string | undefined };
}): string {
  const { refreshToken } = container.getAllSessionTokensDangerously();
  if (refreshToken === undefined) throw new Error("there is no refresh token");
  return refreshToken;
}
