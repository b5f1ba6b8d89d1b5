// A script with a login, and no `close()`: node one-login.mjs URL DRIVER
import { redisStore } from "@acme/session-store-redis";

const [url, driver] = process.argv.slice(2);
const store = redisStore({ url, driver, keyPrefix: `script-${process.pid}` });
const nowMs = Date.now();
await store.insertSession({
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
  expiresAtMs: nowMs + 1_000,
  absoluteExpiresAtMs: nowMs + 1_000,
});
console.log("logged in");
