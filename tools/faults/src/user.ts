import { type Clock, SessionError, type SessionEvent, silentLogger } from "@acme/session-core";
import type { SessionStore } from "@acme/session-core/store";
import { createSession } from "@acme/session-express";

/** The application on one machine. */
export interface App {
  readonly session: ReturnType<typeof createSession>;
  /** Types of the events so far. */
  readonly events: SessionEvent["type"][];
}

export function startApp(store: SessionStore, clock?: Clock): App {
  const events: SessionEvent["type"][] = [];
  const session = createSession({
    store,
    logger: silentLogger,
    onEvent: (event) => events.push(event.type),
    ...(clock === undefined ? {} : { clock }),
  });
  return { session, events };
}

/** One signed-in client and what it holds. */
export interface User {
  handle: string;
  accessToken: string;
  refreshToken: string;
}

export async function signIn({ session }: App, userId = "user-1"): Promise<User> {
  const made = await session.createNewSessionWithoutRequestResponse(userId);
  return holding(made);
}

/** Exchanges the refresh token. The store is only read, unless the token itself was never used before. */
export async function refresh({ session }: App, user: User): Promise<User> {
  return holding(await session.refreshSessionWithoutRequestResponse(user.refreshToken, true));
}

/** First use of a refreshed token: its generation becomes the current one. */
export async function use({ session }: App, user: User): Promise<User> {
  const found = await session.getSessionWithoutRequestResponse(user.accessToken, undefined, {
    antiCsrfCheck: false,
  });
  return { ...user, accessToken: found.getAccessToken() };
}

/** The columns of the matrix: what a user does, and whether the store is needed for it. */
export const columns = ["V", "D", "R", "C", "X", "M"] as const;
export type Column = (typeof columns)[number];

/** Does it, as a user who holds an access token (V, D) or a refresh token that is still unused (R). */
export const actions: Readonly<Record<Column, (app: App, user: User) => Promise<unknown>>> = {
  V: ({ session }, user) =>
    session.getSessionWithoutRequestResponse(user.accessToken, undefined, { antiCsrfCheck: false }),
  D: ({ session }, user) =>
    session.getSessionWithoutRequestResponse(user.accessToken, undefined, {
      antiCsrfCheck: false,
      checkDatabase: true,
    }),
  R: refresh,
  C: (app) => signIn(app, "user-2"),
  X: ({ session }, user) => session.revokeSession(user.handle),
  M: ({ session }, user) => session.mergeIntoAccessTokenPayload(user.handle, { merged: true }),
};

/** `"ok"`, the HTTP status an error stands for, or `"theft"`. */
export async function outcomeOf(run: Promise<unknown>): Promise<string> {
  try {
    await run;
    return "ok";
  } catch (error) {
    if (!SessionError.is(error)) return `bug: ${String(error)}`;
    return error.type === "TOKEN_THEFT_DETECTED" ? "theft" : String(error.status);
  }
}

type Container = Awaited<ReturnType<App["session"]["createNewSessionWithoutRequestResponse"]>>;

function holding(container: Container): User {
  const { accessToken, refreshToken } = container.getAllSessionTokensDangerously();
  if (refreshToken === undefined) throw new Error("there is no refresh token");
  return { handle: container.getHandle(), accessToken, refreshToken };
}
