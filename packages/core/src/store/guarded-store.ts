import { SessionError } from "../errors/session-error.js";
import { storeUnavailable } from "../errors/throwers.js";
import type { SessionStore } from "./session-store.js";

/**
 * The store as the engine sees it: whatever it throws becomes `STORE_UNAVAILABLE`, so that no failure of a database
 * can ever look like "no session" (security rule O-01). Of the cause only name and code remain: driver errors carry
 * statements and values (security rule L-03).
 */
export function guardedStore(
  store: SessionStore,
  onFailure: (operation: string, cause: unknown) => void,
): SessionStore {
  async function guard<T>(operation: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (SessionError.is(error)) throw error;
      onFailure(operation, error);
      throw storeUnavailable(`the ${store.name} store did not answer (${operation}: ${nameOf(error)})`);
    }
  }
  const { scanSessions, joined } = store;
  return {
    name: store.name,
    ...(joined !== undefined && { joined: () => joined.call(store) }),
    insertSession: (row) => guard("insertSession", () => store.insertSession(row)),
    getSession: (handle, nowMs) => guard("getSession", () => store.getSession(handle, nowMs)),
    promoteSession: (promotion) => guard("promoteSession", () => store.promoteSession(promotion)),
    updateAccessTokenPayload: (handle, nowMs, apply) =>
      guard("updateAccessTokenPayload", () => store.updateAccessTokenPayload(handle, nowMs, apply)),
    replaceSessionData: (handle, nowMs, json) =>
      guard("replaceSessionData", () => store.replaceSessionData(handle, nowMs, json)),
    deleteSessions: (handles, nowMs) => guard("deleteSessions", () => store.deleteSessions(handles, nowMs)),
    listSessionHandles: (userId, tenantId, nowMs) =>
      guard("listSessionHandles", () => store.listSessionHandles(userId, tenantId, nowMs)),
    deleteSessionsOfUser: (userId, tenantId, nowMs) =>
      guard("deleteSessionsOfUser", () => store.deleteSessionsOfUser(userId, tenantId, nowMs)),
    deleteExpiredSessions: (nowMs, limit) =>
      guard("deleteExpiredSessions", () => store.deleteExpiredSessions(nowMs, limit)),
    listSigningKeys: () => guard("listSigningKeys", () => store.listSigningKeys()),
    insertSigningKey: (row) => guard("insertSigningKey", () => store.insertSigningKey(row)),
    deleteSigningKeys: (kids) => guard("deleteSigningKeys", () => store.deleteSigningKeys(kids)),
    listSecrets: (candidate) => guard("listSecrets", () => store.listSecrets(candidate)),
    ...(scanSessions !== undefined && {
      scanSessions: (cursor, limit) => guard("scanSessions", () => scanSessions.call(store, cursor, limit)),
    }),
    close: () => store.close(),
  };
}

/** `TimeoutError`, `SQLITE_BUSY`, `ECONNREFUSED` …: a short identifier, or nothing. */
function nameOf(error: unknown): string {
  const { code, name } = (typeof error === "object" && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  const text = typeof code === "string" ? code : typeof name === "string" ? name : "Error";
  return /^[A-Za-z0-9_]{1,40}$/.test(text) ? text : "Error";
}
