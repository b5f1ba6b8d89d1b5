// One of several processes that start on an empty file at once. argv: path, name. Waits for a line on stdin.
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, name] = process.argv.slice(2);
console.log("ready");
process.stdin.once("data", async () => {
  const store = sqliteStore({ path });
  const [secrets, wonSlot] = await Promise.all([
    store.listSecrets({ id: `secret of ${name}`, secret: "c2VjcmV0" }),
    store.insertSigningKey({
      kid: `d-${name}`,
      family: "dynamic",
      algorithm: "ES256",
      sequence: 1,
      createdAtMs: Date.now(),
      publicJwkJson: "{}",
      privateJwkJson: "{}",
    }),
  ]);
  const keys = await store.listSigningKeys();
  await store.close();
  console.log(JSON.stringify({ secrets, wonSlot, kids: keys.map(({ kid }) => kid) }));
  process.stdin.destroy();
});
