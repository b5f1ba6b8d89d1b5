import type { SessionStore } from "../store/session-store.js";
import type { Revocations } from "../verify/revocations.js";

/**
 * The store as the session functions see it: whatever deletes sessions tells this process's memory of revocations, before
 * anybody is told that they are gone. Also of sessions that were gone already: an earlier answer may have been lost, or
 * another process was faster.
 */
export function revokingStore(store: SessionStore, revocations: Revocations): SessionStore {
  return {
    ...store,
    async getSession(handle, nowMs) {
      return revocations.condemned.has(handle) ? undefined : store.getSession(handle, nowMs);
    },
    async deleteSessions(handles, nowMs) {
      const deleted = await store.deleteSessions(handles, nowMs);
      revocations.sessions(handles);
      return deleted;
    },
    async deleteSessionsOfUser(userId, tenantId, nowMs) {
      const deleted = await store.deleteSessionsOfUser(userId, tenantId, nowMs);
      revocations.sessions(deleted);
      revocations.user(userId, tenantId);
      return deleted;
    },
  };
}
