// Writes for ever, saying what is committed. argv: path, round. The parent kills it at a random moment.
import { writeSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, round] = process.argv.slice(2);
const store = sqliteStore({ path });
const nowMs = Date.now();
const handle = `round-${round}`;
const hash = (generation) => `${handle}-${generation}`;
const say = (event) => writeSync(1, `${JSON.stringify(event)}\n`);

await store.insertSession({
  handle,
  tenantId: "public",
  userId: "user",
  refreshTokenHash2: hash(0),
  previousRefreshTokenHash2: null,
  secretId: "s",
  previousSecretId: null,
  generation: 0,
  rotatedAtMs: null,
  sessionDataJson: "{}",
  accessTokenPayloadJson: '{"n":0}',
  createdAtMs: nowMs,
  expiresAtMs: nowMs + 3_600_000,
  absoluteExpiresAtMs: nowMs + 3_600_000,
});
say({ inserted: handle });
for (let n = 1; ; n += 1) {
  await store.promoteSession({
    handle,
    expectedRefreshTokenHash2: hash(n - 1),
    nextRefreshTokenHash2: hash(n),
    nextSecretId: "s",
    nowMs,
    expiresAtMs: nowMs + 3_600_000,
  });
  say({ generation: n });
  await store.updateAccessTokenPayload(handle, nowMs, () =>
    JSON.stringify({ n, fill: "x".repeat(n % 5000) }),
  );
  say({ payload: n });
  await store.insertSession({ ...(await store.getSession(handle, nowMs)), handle: `${handle}-${n}` });
  await store.deleteSessions([`${handle}-${n}`], nowMs);
  say({ deleted: `${handle}-${n}` });
  await nextTurn();
}
