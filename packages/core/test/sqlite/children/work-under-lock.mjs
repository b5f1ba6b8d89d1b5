// Uses the store while another process holds the lock, and says how long the event loop stood still.
// argv: path, how long to go on in milliseconds. Prints one JSON line.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, forMs] = process.argv.slice(2);
const nowMs = Date.now();
await sleep(200);
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const startMs = performance.now();
const store = sqliteStore({ path });
const openMs = performance.now() - startMs;

const found = { reads: [], writes: [] };
async function timed(list, operation) {
  const fromMs = performance.now();
  const outcome = await operation.then(
    (value) => (value === undefined || value === false ? "absent" : "ok"),
    (error) => `threw: ${error.message}`,
  );
  list.push({ outcome, ms: Math.round(performance.now() - fromMs) });
}

const under = [];
while (performance.now() - startMs < Number(forMs)) {
  for (let i = 0; i < 5; i += 1) under.push(timed(found.writes, store.replaceSessionData("h", nowMs, "{}")));
  under.push(
    timed(
      found.writes,
      store.updateAccessTokenPayload("h", nowMs, () => `{"n":${under.length}}`),
    ),
  );
  under.push(timed(found.reads, store.getSession("h", nowMs)));
  await sleep(100);
}
await Promise.all(under);
delay.disable();
const closeFromMs = performance.now();
await store.close();
console.log(
  JSON.stringify({
    openMs: Math.round(openMs),
    closeMs: Math.round(performance.now() - closeFromMs),
    loopMaxMs: Math.round(delay.max / 1e6),
    loopP99Ms: Math.round(delay.percentile(99) / 1e6),
    ...found,
  }),
);
