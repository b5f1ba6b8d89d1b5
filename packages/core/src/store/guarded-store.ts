import type { SessionStore } from "./session-store.js";
import { guardOf, type StoreFailure } from "./store-guard.js";

/** The store as the engine sees it. @see guardOf */
export function guardedStore(store: SessionStore, onFailure: (failure: StoreFailure) => void): SessionStore {
  const guard = guardOf(store.name, onFailure);
  const { scanSessions, claimCleanUp, withdrawSecret, joined } = store;
  return {
    name: store.name,
    ...(joined !== undefined && { joined: () => joined.call(store) }),
    insertSession: (row) =>
      guard(
        "insertSession",
        () => store.insertSession(row),
        // The login was answered 503: nobody will ever hold this session's tokens.
        () => store.deleteSessions([row.handle], row.createdAtMs),
      ),
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
    ...(claimCleanUp !== undefined && {
      claimCleanUp: (nowMs, intervalMs) =>
        guard("claimCleanUp", () => claimCleanUp.call(store, nowMs, intervalMs)),
    }),
    ...(withdrawSecret !== undefined && {
      withdrawSecret: (id) => guard("withdrawSecret", () => withdrawSecret.call(store, id)),
    }),
    clock: store.clock,
    close: () => store.close(),
  };
}
