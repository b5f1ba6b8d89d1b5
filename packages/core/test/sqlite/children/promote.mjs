// Promotes one session until it has won so many times. argv: path, handle, wins. Prints one JSON line.
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, handle, wins] = process.argv.slice(2);
const store = sqliteStore({ path });
const nowMs = Date.now();
let lost = 0;
let slowestMs = 0;
console.log("ready");
process.stdin.once("data", async () => {
  const startMs = performance.now();
  for (let won = 0; won < Number(wins); ) {
    const row = await store.getSession(handle, nowMs);
    const fromMs = performance.now();
    const promoted = await store.promoteSession({
      handle,
      expectedRefreshTokenHash2: row.refreshTokenHash2,
      nextRefreshTokenHash2: `${process.pid}-${won}`,
      nextSecretId: `${process.pid}`,
      nowMs,
      expiresAtMs: row.expiresAtMs,
    });
    slowestMs = Math.max(slowestMs, performance.now() - fromMs);
    if (promoted === undefined) lost += 1;
    else won += 1;
    await store.updateAccessTokenPayload(handle, nowMs, (json) => {
      const payload = JSON.parse(json);
      payload[process.pid] = (payload[process.pid] ?? 0) + 1;
      return JSON.stringify(payload);
    });
  }
  await store.close();
  console.log(
    JSON.stringify({
      pid: process.pid,
      lost,
      slowestMs: Math.round(slowestMs),
      ms: Math.round(performance.now() - startMs),
    }),
  );
  process.stdin.destroy();
});
