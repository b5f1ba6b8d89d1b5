import { beforeEach, describe, expect, it } from "vitest";
import { SecretRing } from "../keys/secret-ring.js";
import { platform } from "../platform/node.js";
import { ClockWatch } from "../runtime/clock-watch.js";
import { base64Url } from "../runtime/encoding.js";
import { systemRandom } from "../runtime/random.js";
import { MemoryStore } from "../store/memory-store.js";
import type { SessionRow } from "../store/session-store.js";
import { childOf, hash2Of, type IssuedRefreshToken, sealRefreshToken } from "../tokens/refresh-token.js";
import type { SessionEngine } from "./engine.js";
import { judge, type RefreshVerdict } from "./rotate-refresh-token.js";
import { RotationAges } from "./rotation-age.js";

const GRACE_MS = 30_000;
const ROTATED_AT_MS = 1_800_000_000_000;
/** Monotonic time at the rotation. */
const MONO_MS = 5_000_000;

/** The six tokens of one chain. */
let chain: IssuedRefreshToken[];
beforeEach(async () => {
  const ring = new SecretRing(
    platform,
    new MemoryStore(),
    { wallMs: Date.now, monoMs: () => 0 },
    systemRandom,
    [],
  );
  const keys = await ring.primary();
  const secret = base64Url(systemRandom(32));
  const first = { handle: "h", generation: 0, boundToAntiCsrf: false, secret, parentHash1: null };
  chain = [await sealRefreshToken(platform, keys, first)];
  for (let i = 0; i < 5; i++) {
    chain.push(await childOf(platform, keys, chain.at(-1) as IssuedRefreshToken, false));
  }
});

interface Moment {
  /** Wall time since the last rotation. */
  ageMs: number;
  /** How long the request has been waiting. */
  waitedMs?: number;
  graceMs?: number;
  /** How long before the request's arrival a stall ended. */
  stallEndedBeforeMs?: number;
}

/** What token number `presented` is to a row whose current token is number 3. */
async function verdictOf(
  presented: number,
  { ageMs, waitedMs = 0, graceMs = GRACE_MS, ...moment }: Moment,
): Promise<RefreshVerdict> {
  const hash2 = (number: number) => hash2Of(platform, (chain[number] as IssuedRefreshToken).hash1);
  const row: SessionRow = {
    handle: "h",
    tenantId: "public",
    userId: "u",
    refreshTokenHash2: await hash2(3),
    previousRefreshTokenHash2: await hash2(2),
    secretId: "s",
    previousSecretId: "s",
    generation: 3,
    rotatedAtMs: ROTATED_AT_MS,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    absoluteExpiresAtMs: Number.MAX_SAFE_INTEGER,
  };
  const arrivedAtMonoMs = MONO_MS + ageMs - waitedMs;
  const stallEnd =
    moment.stallEndedBeforeMs === undefined
      ? Number.NEGATIVE_INFINITY
      : arrivedAtMonoMs - moment.stallEndedBeforeMs;
  const clock = { wallMs: () => ROTATED_AT_MS + ageMs, monoMs: () => MONO_MS + ageMs };
  const rotations = new RotationAges(new ClockWatch(clock), false);
  // The four members of the engine that a verdict depends on.
  const engine = {
    platform,
    rotations,
    settings: { refreshGraceMs: graceMs },
    stalls: () => ({ lastStallEndMonoMs: () => stallEnd, stop: () => {} }),
  } as unknown as SessionEngine;
  const token = chain[presented] as IssuedRefreshToken;
  return (await judge(engine, token, row, rotations.read(), arrivedAtMonoMs)).verdict;
}

describe("what a genuine token is to its session's row", () => {
  it("by its place in the chain, long after the last rotation [wire R-7, R-8, R-10] [sec R-08, R-12, R-13]", async () => {
    const verdicts = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((number) => verdictOf(number, { ageMs: 3_600_000 })),
    );
    expect(verdicts).toEqual(["reused", "reused", "reused", "current", "child-of-current", "ahead"]);
  });

  it("within grace only the direct parent is spared [wire R-9, Z-8]", async () => {
    expect(await verdictOf(2, { ageMs: GRACE_MS })).toBe("previous");
    expect(await verdictOf(2, { ageMs: GRACE_MS + 1 })).toBe("reused");
    expect(await verdictOf(1, { ageMs: 0 })).toBe("reused");
    expect(await verdictOf(2, { ageMs: 0, graceMs: 0 })).toBe("reused");
  });

  it("a clock that has stepped back makes no thief of the parent [sec TM-02]", async () => {
    expect(await verdictOf(2, { ageMs: -86_400_000 })).toBe("previous");
  });

  it("a request that arrived before the rotation is not judged by what happened since [sec R-18]", async () => {
    const late = { ageMs: 20_000, waitedMs: 20_001 };
    expect(await verdictOf(2, { ...late, graceMs: 0 })).toBe("previous");
    expect(await verdictOf(1, late)).toBe("undecidable");
    expect(await verdictOf(1, { ageMs: 20_000, waitedMs: 20_000 })).toBe("reused");
  });

  it("grace counts up to the arrival, not to the turn [sec R-18]", async () => {
    expect(await verdictOf(2, { ageMs: GRACE_MS + 10_000, waitedMs: 10_000 })).toBe("previous");
    expect(await verdictOf(2, { ageMs: GRACE_MS + 10_001, waitedMs: 10_000 })).toBe("reused");
  });

  it("for a second after the process stood still nobody is called a thief [sec R-18]", async () => {
    const age = { ageMs: 3_600_000 };
    expect(await verdictOf(1, { ...age, stallEndedBeforeMs: 1000 })).toBe("undecidable");
    expect(await verdictOf(1, { ...age, stallEndedBeforeMs: -500 })).toBe("undecidable");
    expect(await verdictOf(1, { ...age, stallEndedBeforeMs: 1001 })).toBe("reused");
    expect(await verdictOf(3, { ...age, stallEndedBeforeMs: 0 })).toBe("current");
  });
});
