// A script with a login, and no `close()`: node one-login.mjs URL DRIVER
import { redisStore } from "@acme/session-store-redis";

const [url, driver] = process.argv.slice(2);
const store = redisStore({ url, driver, keyPrefix: `script-${process.pid}` });
const nowMs = Date.now();
const row = {
  handle: "h",
  tenantId: "public",
  userId: "u",
  refreshTokenHash2: "a",
  previousRefreshTokenHash2: null,
  secretId: "s",
  previousSecretId: null,
  generation: 0,
  rotatedAtMs: null,
  sessionDataJson: "{}",
  accessTokenPayloadJson: "{}",
  createdAtMs: nowMs,
  expiresAtMs: nowMs + 60_000,
  absoluteExpiresAtMs: nowMs + 60_000,
};
// On a machine that is busy with other tests, loading the driver may take the time of a whole operation.
for (let attempt = 1; ; attempt += 1) {
  try {
    await store.insertSession(row);
    break;
  } catch (error) {
    if (attempt === 5) throw error;
  }
}
console.log("logged in");
