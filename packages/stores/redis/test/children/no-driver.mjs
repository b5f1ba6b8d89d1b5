// As where no driver is installed: node no-driver.mjs DRIVER
import { registerHooks } from "node:module";

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "@redis/client" || specifier === "ioredis") {
      throw Object.assign(new Error(`Cannot find package '${specifier}'`), { code: "ERR_MODULE_NOT_FOUND" });
    }
    return next(specifier, context);
  },
});
const { redisStore } = await import("@acme/session-store-redis");
const driver = process.argv[2] || undefined;
const store = redisStore({ url: "redis://127.0.0.1:1", driver });
const { message, code, isPermanent, cause } = await store.listSecrets().catch((error) => error);
console.log(JSON.stringify({ message, code, isPermanent, cause: cause?.code }));
