// Writes until the file may grow no more (the parent sets the limit), and a little beyond. argv: path, driver, how many
// sessions are made at the same time.
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, driver, atOnce] = process.argv.slice(2);
const nowMs = Date.now();
const store = sqliteStore({ path, driver });
const row = await store.getSession("h", nowMs);
const filling = "x".repeat(20_000);
const said = { kept: 0, generation: 0, failures: { insert: 0, promote: 0 }, message: "" };

async function tried(what, operation) {
  try {
    return await operation();
  } catch (error) {
    said.failures[what] += 1;
    said.message = error.message;
    return undefined;
  }
}

for (let n = 0; n < 1000 && said.failures.insert + said.failures.promote < 40; n += 1) {
  const inserted = await Promise.all(
    Array.from({ length: Number(atOnce) }, (_, index) =>
      tried("insert", async () => {
        await store.insertSession({ ...row, handle: `h-${n}-${index}`, sessionDataJson: filling });
        return true;
      }),
    ),
  );
  said.kept += inserted.filter(Boolean).length;
  const promoted = await tried("promote", () =>
    store.promoteSession({
      handle: "h",
      expectedRefreshTokenHash2: `hash-${said.generation}`,
      nextRefreshTokenHash2: `hash-${said.generation + 1}`,
      nextSecretId: filling,
      nowMs,
      expiresAtMs: row.expiresAtMs,
    }),
  );
  if (promoted !== undefined) said.generation += 1;
}
console.log(JSON.stringify(said));
