// Writes until the file may grow no more (the parent sets the limit). argv: path, "node:sqlite" or "better-sqlite3".
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, driver] = process.argv.slice(2);
const nowMs = Date.now();
const store = sqliteStore({ path, driver });
const row = await store.getSession("h", nowMs);
const filling = "x".repeat(20_000);
let kept = 0;
let failure;
for (; failure === undefined && kept < 1000; kept += failure === undefined ? 1 : 0) {
  await store.insertSession({ ...row, handle: `h-${kept}`, sessionDataJson: filling }).catch((error) => {
    failure = error;
  });
}
const next = {
  handle: "h",
  nowMs,
  nextRefreshTokenHash2: "next",
  nextSecretId: filling,
  expiresAtMs: row.expiresAtMs,
};
const promoted = await store
  .promoteSession({ ...next, expectedRefreshTokenHash2: row.refreshTokenHash2 })
  .then(
    (result) => (result === undefined ? "undefined" : "promoted"),
    () => "threw",
  );
const read = await store.getSession("h", nowMs).catch(() => "threw");
console.log(
  JSON.stringify({ kept, failure: failure?.message, promoted, generation: read?.generation ?? read }),
);
