// Load on the stores (security.md §22), as ratios to the bare driver in the same minute:
// node src/stores/main.ts [--store NAME …] [--seconds N] [--rows N]
import { generateKeyPairSync, sign } from "node:crypto";
import { parseArgs } from "node:util";
import { silentLogger } from "@acme/session-core";
import type { SessionRow, SessionStore } from "@acme/session-core/store";
import { createSession } from "@acme/session-express";
import { load } from "./load.ts";
import { RAW_ROWS, startTarget, type Target, type TargetName, targets } from "./target.ts";

const { values } = parseArgs({
  options: {
    store: { type: "string", multiple: true },
    seconds: { type: "string", default: "4" },
    rows: { type: "string", default: "2000" },
  },
});
const seconds = Number(values.seconds);
const rows = Number(values.rows);
const IN_FLIGHT = 16;
let missed = 0;

console.log(`Node ${process.version}, ${seconds} s per figure, ${IN_FLIGHT} in flight\n`);
console.log("| store | scenario | result | gate | |\n| --- | --- | --- | --- | --- |");
for (const name of (values.store ?? targets) as TargetName[]) {
  const target = await startTarget(name);
  try {
    await measure(name, target);
  } finally {
    await target.stop();
  }
}
process.exit(missed === 0 ? 0 : 1);

function say(store: string, scenario: string, result: string, gate: string, isMet: boolean): void {
  if (!isMet) missed += 1;
  console.log(`| ${store} | ${scenario} | ${result} | ${gate} | ${isMet ? "met" : "MISSED"} |`);
}

async function measure(name: TargetName, target: Target): Promise<void> {
  const app = startApp(target.open());
  const thefts = (): number => app.events.filter((type) => type === "theft").length;
  let count = 0;
  const nextNumber = (): number => {
    count += 1;
    return count;
  };
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rawSign = await load(1, 1, async () =>
    sign("sha256", Buffer.alloc(600), { key: privateKey, dsaEncoding: "ieee-p1363" }),
  );
  const rawInsert = await load(seconds, IN_FLIGHT, () => target.rawInsert(nextNumber()));
  const create = await load(seconds, IN_FLIGHT, () => app.signIn());
  ratio("L-04 create", create, Math.min(rawSign.perSecond, rawInsert.perSecond));

  const rawCas = await load(seconds, IN_FLIGHT, () => target.rawCas(nextNumber() % RAW_ROWS));
  const lanes = await Promise.all(Array.from({ length: IN_FLIGHT }, () => app.signIn()));
  // Each refresh presents the child of the one before: one read and one compare-and-set.
  const refresh = await load(seconds, IN_FLIGHT, async (lane) => {
    lanes[lane] = await app.refresh(lanes[lane] ?? "");
  });
  ratio("L-03 refresh", refresh, Math.min(rawSign.perSecond, rawCas.perSecond));

  const others = Array.from({ length: 3 }, () => startApp(target.open()));
  const apps = [app, ...others];
  let children = 0;
  const rounds = 20;
  for (let round = 0; round < rounds; round += 1) {
    const token = await app.signIn();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, tab) => apps[tab % 4]?.refresh(token)));
    children += new Set(answers).size;
  }
  say(
    name,
    "L-05 100 tabs over 4 instances",
    `${children / rounds} children per round, ${thefts()} thefts`,
    "1 and 0",
    children === rounds && thefts() === 0,
  );

  for (const one of others) await one.close();

  const tokens = await Promise.all(Array.from({ length: rows }, () => app.signIn()));
  const began = performance.now();
  let failures = 0;
  await Promise.all(
    tokens.flatMap((token) =>
      [1, 2, 3].map(() =>
        retried(() => app.refresh(token)).catch(() => {
          failures += 1;
        }),
      ),
    ),
  );
  const tookS = (performance.now() - began) / 1000;
  say(
    name,
    `L-06 stampede of ${rows} × 3`,
    `${tookS.toFixed(1)} s, ${failures} failures`,
    "≤ 30 s, 0",
    tookS <= 30 && failures === 0,
  );

  const store = target.open();
  await fillWithExpired(store, rows);
  const cleaning = (async () => {
    while ((await store.deleteExpiredSessions(Date.now(), 100)) > 0);
  })();
  const during = await load(seconds, IN_FLIGHT, async (lane) => {
    lanes[lane] = await app.refresh(lanes[lane] ?? "");
  });
  await cleaning;
  say(
    name,
    `L-16 refresh while ${rows} are cleaned up`,
    `p99 ${during.p99Ms.toFixed(0)} ms, before ${refresh.p99Ms.toFixed(0)} ms`,
    "≤ 2 ×",
    during.p99Ms <= 2 * Math.max(refresh.p99Ms, 10),
  );
  await store.close();
  await app.close();

  function ratio(scenario: string, ours: { perSecond: number; p99Ms: number }, raw: number): void {
    const share = ours.perSecond / raw;
    say(
      name,
      scenario,
      `${Math.round(ours.perSecond)}/s, × ${share.toFixed(2)} of ${Math.round(raw)}/s, p99 ${ours.p99Ms.toFixed(0)} ms`,
      "≥ 0.50, p99 ≤ 100 ms",
      share >= 0.5 && ours.p99Ms <= 100,
    );
  }
}

function startApp(store: SessionStore) {
  const events: string[] = [];
  const session = createSession({
    store,
    logger: silentLogger,
    refreshRateLimit: false,
    onEvent: (event) => events.push(event.type),
  });
  return {
    events,
    signIn: async () =>
      refreshTokenOf(await session.createNewSessionWithoutRequestResponse(`user-${events.length % 997}`)),
    refresh: async (token: string) =>
      refreshTokenOf(await session.refreshSessionWithoutRequestResponse(token, true)),
    close: () => session.close(),
  };
}

function refreshTokenOf(container: {
  getAllSessionTokensDangerously(): { refreshToken: string | undefined };
}): string {
  const { refreshToken } = container.getAllSessionTokensDangerously();
  if (refreshToken === undefined) throw new Error("there is no refresh token");
  return refreshToken;
}

async function retried<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function fillWithExpired(store: SessionStore, count: number): Promise<void> {
  const row: Omit<SessionRow, "handle"> = {
    tenantId: "public",
    userId: "expired",
    refreshTokenHash2: "a".repeat(64),
    previousRefreshTokenHash2: null,
    secretId: "s",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: 1,
    expiresAtMs: Date.now() - 1,
    absoluteExpiresAtMs: Date.now(),
  };
  await Promise.all(
    Array.from({ length: count }, (_, index) => store.insertSession({ ...row, handle: `expired-${index}` })),
  );
}
