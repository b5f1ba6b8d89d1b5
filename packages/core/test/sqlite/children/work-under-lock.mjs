// Uses the store while another process holds the lock, and says how long the event loop stood still; and, for
// comparison, how long that of a thread did which does nothing: on a busy machine that is the wait for a processor.
// argv: path, how long to go on in milliseconds. Prints one JSON line.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, forMs] = process.argv.slice(2);
const nowMs = Date.now();
await sleep(200);
const idle = new Worker(
  `const { monitorEventLoopDelay } = require("node:perf_hooks");
  const { parentPort } = require("node:worker_threads");
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  parentPort.once("message", () => parentPort.postMessage(delay.max / 1e6));
  parentPort.postMessage("ready");`,
  { eval: true },
);
await new Promise((resolve) => idle.once("message", resolve));
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
const idleMaxMs = await new Promise((resolve) => {
  idle.once("message", resolve);
  idle.postMessage("end");
});
const closeFromMs = performance.now();
await store.close();
console.log(
  JSON.stringify({
    openMs: Math.round(openMs),
    closeMs: Math.round(performance.now() - closeFromMs),
    idleMaxMs: Math.round(idleMaxMs),
    loopMaxMs: Math.round(delay.max / 1e6),
    loopP99Ms: Math.round(delay.percentile(99) / 1e6),
    ...found,
  }),
);
