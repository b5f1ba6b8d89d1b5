import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionRow, SigningKeyRow } from "../../src/store/session-store.js";
import type { SpyStore } from "./spy-store.js";

/** The row of a session, expired or not, behind the spy's back. */
export async function rowOf(store: SpyStore, handle: string): Promise<SessionRow | undefined> {
  return MemoryStore.prototype.getSession.call(store, handle, Number.NEGATIVE_INFINITY);
}

/** Puts a row back by hand, as a restored backup or a failover to a replica that is behind would. */
export async function putRow(store: SpyStore, row: SessionRow): Promise<void> {
  await MemoryStore.prototype.deleteSessions.call(store, [row.handle], 0);
  await MemoryStore.prototype.insertSession.call(store, row);
}

/** All signing keys, oldest first, behind the spy's back. */
export async function keysOf(store: SpyStore): Promise<SigningKeyRow[]> {
  const rows = await MemoryStore.prototype.listSigningKeys.call(store);
  return rows.sort((a, b) => a.createdAtMs - b.createdAtMs || a.sequence - b.sequence);
}
