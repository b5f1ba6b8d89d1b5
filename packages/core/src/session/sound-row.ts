import { storeUnavailable } from "../errors/throwers.js";
import type { JsonObject } from "../runtime/json.js";
import type { SessionRow } from "../store/session-store.js";
import { parseStoredJson } from "../tokens/payload-snapshot.js";
import { emitFor } from "./emit.js";
import type { SessionEngine } from "./engine.js";

const HASH = /^[0-9a-f]{64}$/;

/**
 * A row that has lost a part, or got one that is not ours, proves nothing: not theft, and not that there is no session.
 * It is left as it is, for whoever repairs the store.
 *
 * @throws SessionError `STORE_UNAVAILABLE`, after the event `store_damaged`
 */
export async function assertSound(engine: SessionEngine, row: SessionRow): Promise<void> {
  const field = unsoundField(row);
  if (field !== undefined) await reportDamage(engine, row.handle, field);
}

/** What a row holds as JSON. @throws SessionError `STORE_UNAVAILABLE`, after the event `store_damaged` */
export async function readStoredJson(
  engine: SessionEngine,
  row: SessionRow,
  field: "accessTokenPayloadJson" | "sessionDataJson",
): Promise<JsonObject> {
  try {
    return parseStoredJson(row[field]);
  } catch {
    return reportDamage(engine, row.handle, field);
  }
}

/** @throws SessionError `STORE_UNAVAILABLE`, always */
export async function reportDamage(
  engine: SessionEngine,
  handle: string,
  field: keyof SessionRow,
): Promise<never> {
  await emitFor(engine, handle, (handleHash) => ({ type: "store_damaged", handleHash, field }));
  throw storeUnavailable(
    `the session's row in the ${engine.store.name} store is damaged: \`${field}\` cannot be read`,
  );
}

function unsoundField(row: SessionRow): keyof SessionRow | undefined {
  const previous = row.previousRefreshTokenHash2;
  if (!isHash(row.refreshTokenHash2)) return "refreshTokenHash2";
  if (previous !== null && !isHash(previous)) return "previousRefreshTokenHash2";
  if (!Number.isSafeInteger(row.generation) || row.generation < 0) return "generation";
  // A promotion writes these together.
  if (row.generation > 0 && previous === null) return "previousRefreshTokenHash2";
  if (row.generation > 0 && !Number.isFinite(row.rotatedAtMs)) return "rotatedAtMs";
  if (typeof row.secretId !== "string" || row.secretId === "") return "secretId";
  if (!Number.isFinite(row.expiresAtMs)) return "expiresAtMs";
  if (!Number.isFinite(row.absoluteExpiresAtMs)) return "absoluteExpiresAtMs";
  return undefined;
}

function isHash(value: unknown): boolean {
  return typeof value === "string" && HASH.test(value);
}
