import { MemoryStore } from "@acme/session-core";
import type { SessionRow } from "@acme/session-core/store";
import { FIRST_HASH, filled, PAYLOAD_JSON, rawSession } from "./raw-session.ts";
import type { Target } from "./target.ts";

/** The raw statement of a map: what remains is what the engine takes. */
export async function startMemory(): Promise<Target> {
  const store = new MemoryStore();
  const raw = new Map<string, { hash: string; generation: number }>();
  return {
    open: () => store,
    rawInsert(handle) {
      rawSession(handle);
      raw.set(handle, { hash: FIRST_HASH, generation: 0 });
    },
    rawCas(handle) {
      const row = raw.get(handle);
      if (row?.hash === FIRST_HASH) row.generation += 1;
    },
    async fill(count, expiredEvery) {
      for (let row = 1; row <= count; row += 1) await store.insertSession(filledRow(row, expiredEvery));
    },
    async stop() {},
  };
}

function filledRow(row: number, expiredEvery: number): SessionRow {
  return {
    handle: filled.handle(row),
    tenantId: "public",
    userId: filled.user(row),
    refreshTokenHash2: FIRST_HASH,
    previousRefreshTokenHash2: null,
    secretId: "8characs",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: PAYLOAD_JSON,
    createdAtMs: 1,
    expiresAtMs: row % expiredEvery === 0 ? filled.expiredMs() : filled.expiresMs(),
    absoluteExpiresAtMs: filled.absoluteMs(),
  };
}
