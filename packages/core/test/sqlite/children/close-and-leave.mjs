// Uses the store, closes it and ends by itself. argv: path, driver.
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, driver] = process.argv.slice(2);
const store = sqliteStore({ path, driver });
await store.listSecrets({ id: "a", secret: "b" });
const closing = [
  store.insertSigningKey({
    kid: "k",
    family: "static",
    algorithm: "ES256",
    sequence: 1,
    createdAtMs: 1,
    publicJwkJson: "{}",
    privateJwkJson: "{}",
  }),
  store.close(),
];
await Promise.all(closing);
const timers = process.getActiveResourcesInfo().filter((resource) => /Timeout|Immediate/.test(resource));
console.log(JSON.stringify({ timers, files: readdirSync(dirname(path)) }));
