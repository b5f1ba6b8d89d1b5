import { beforeEach, describe, expect, it } from "vitest";
import { TestClock } from "../../test/support/test-clock.js";
import { emptyMemory } from "../store/revocation-memory.js";
import type { SessionRow } from "../store/session-store.js";
import type { TokenClaims } from "../tokens/access-token.js";
import { Revocations } from "./revocations.js";

const VALIDITY_MS = 900_000;
const DAY_MS = 86_400_000;

let clock: TestClock;
let rows: Set<string>;
let reads: number;
let revocations: Revocations;
beforeEach(() => {
  clock = new TestClock();
  rows = new Set();
  reads = 0;
  revocations = new Revocations(clock, VALIDITY_MS, async (handle) => {
    reads += 1;
    return rows.has(handle) ? ({ handle } as SessionRow) : undefined;
  });
});

function claims(sessionHandle: string, fields: Partial<TokenClaims> = {}): TokenClaims {
  return {
    sub: "user",
    rsub: "user",
    tId: "public",
    iat: Math.floor(clock.wallMs() / 1000),
    exp: Math.floor(clock.wallMs() / 1000) + 900,
    sessionHandle,
    refreshTokenHash1: "",
    parentRefreshTokenHash1: null,
    antiCsrfToken: null,
    ...fields,
  };
}

describe("what a process has revoked", () => {
  it("is known until no token of it can verify any more, and then forgotten", () => {
    const token = claims("a");
    revocations.sessions(["a"]);
    expect(revocations.suspicionOf(token)).toBe("revoked");
    expect(revocations.suspicionOf(claims("b"))).toBeUndefined();
    clock.advanceMs(DAY_MS);
    revocations.sessions(["c"]);
    expect(revocations.suspicionOf(token)).toBe("revoked");
    clock.advanceMs(VALIDITY_MS + 3_600_000);
    revocations.sessions(["d"]);
    expect(revocations.suspicionOf(token)).toBeUndefined();
  });

  it("a wall clock that is set changes nothing about it", () => {
    const token = claims("a");
    revocations.sessions(["a"]);
    for (const ms of [DAY_MS, -2 * DAY_MS, 400 * DAY_MS]) {
      clock.stepWallMs(ms);
      revocations.sessions(["b"]);
      expect(revocations.suspicionOf(token)).toBe("revoked");
    }
  });

  it("a million sessions are not forgotten: what does not fit is remembered by tenant and time", () => {
    const early = claims("0_acme", { tId: "acme" });
    const elsewhere = claims("x_other", { tId: "other" });
    for (let n = 0; n < 2_000; n += 1) {
      revocations.sessions(Array.from({ length: 500 }, (_, index) => `${n * 500 + index}_acme`));
    }
    expect(revocations.suspicionOf(early)).toBe("perhaps");
    expect(revocations.suspicionOf(claims("999999_acme", { tId: "acme" }))).toBe("revoked");
    expect(revocations.suspicionOf(elsewhere)).toBeUndefined();
    clock.advanceMs(120_000);
    expect(revocations.suspicionOf(claims("new_acme", { tId: "acme" }))).toBeUndefined();
    expect(revocations.suspicionOf(early)).toBe("perhaps");
  });

  it("a user's, in one tenant or in all; those of a later login are not meant", () => {
    const token = claims("a");
    const inAcme = claims("a_acme", { tId: "acme" });
    revocations.user("user", "acme");
    expect([revocations.suspicionOf(token), revocations.suspicionOf(inAcme)]).toEqual([undefined, "perhaps"]);
    revocations.user("user", "public");
    expect([revocations.suspicionOf(token), revocations.suspicionOf(inAcme)]).toEqual(["perhaps", "perhaps"]);
    expect(revocations.suspicionOf(claims("b", { sub: "other" }))).toBeUndefined();
    clock.advanceMs(120_000);
    expect(revocations.suspicionOf(claims("later"))).toBeUndefined();
    for (let n = 0; n < 10_001; n += 1) revocations.user(`user-${n}`, undefined);
    expect(revocations.suspicionOf(token)).toBe("perhaps");
  });

  it("everybody's, or a tenant's", () => {
    revocations.tenant("acme");
    expect(revocations.suspicionOf(claims("a_acme", { tId: "acme" }))).toBe("perhaps");
    expect(revocations.suspicionOf(claims("a"))).toBeUndefined();
    revocations.tenant(undefined);
    expect(revocations.suspicionOf(claims("a"))).toBe("perhaps");
    for (let n = 0; n < 2_000; n += 1) revocations.tenant(`t-${n}`);
    expect(revocations.suspicionOf(claims("a_t-1999", { tId: "t-1999" }))).toBe("perhaps");
  });

  it("is told to whoever keeps verified tokens, session by session", () => {
    const kept = [claims("a"), claims("b"), claims("c", { sub: "other" }), claims("d_x", { tId: "x" })];
    const dropped: string[][] = [];
    revocations.onRevoked = (concerns) =>
      dropped.push(kept.filter(concerns).map(({ sessionHandle }) => sessionHandle));
    for (const revoke of [
      () => revocations.sessions(["a"]),
      () => revocations.sessions(["a", "b"]),
      () => revocations.sessions([]),
      () => revocations.user("other", undefined),
      () => revocations.tenant("x"),
      () => revocations.tenant(undefined),
    ]) {
      revoke();
      revocations.catchUp();
      revocations.catchUp();
    }
    expect(dropped).toEqual([["a"], ["a", "b"], ["c"], ["d_x"], ["a", "b", "c", "d_x"]]);
  });

  it("what was looked at once since a revocation is not looked at again for another one", () => {
    revocations.tenant("public");
    revocations.catchUp();
    const confirmed = claims("a");
    let concerned: boolean | undefined;
    revocations.onRevoked = (concerns) => {
      concerned = concerns(confirmed);
    };
    revocations.user("other", undefined);
    revocations.catchUp();
    expect([concerned, revocations.suspicionOf(confirmed)]).toEqual([false, "perhaps"]);
    for (let n = 0; n < 20_001; n += 1) revocations.sessions([`${n}`]);
    revocations.catchUp();
    // The session that no longer fits is one of its tenant, and the cache has not been told of it yet.
    expect(concerned).toBe(true);
  });

  it("is known to all instances on the same data, however long the tokens of each live", () => {
    const memory = emptyMemory();
    const read = async (): Promise<undefined> => undefined;
    const api = new Revocations(clock, 10 * DAY_MS, read, memory);
    const admin = new Revocations(clock, VALIDITY_MS, read, memory);
    const token = claims("a");
    const gone: string[] = [];
    api.onKeyGone = (kid) => gone.push(kid);
    admin.sessions(["a"]);
    admin.key("d-1");
    api.catchUp();
    expect([api.suspicionOf(token), gone]).toEqual(["revoked", ["d-1"]]);
    clock.advanceMs(10 * DAY_MS);
    admin.sessions(["b"]);
    expect(api.suspicionOf(token)).toBe("revoked");
    for (let n = 0; n < 1_000; n += 1) admin.key(`k-${n}`);
    expect(memory.kids.size).toBeLessThanOrEqual(100);
  });

  it("the row decides: where a transaction took the revocation back, the session stands", async () => {
    rows.add("a");
    revocations.sessions(["a"]);
    await revocations.assertStands("a", true);
    await revocations.assertLive(claims("a"));
    rows.delete("a");
    await expect(revocations.assertStands("a", true)).rejects.toMatchObject({
      type: "UNAUTHORISED",
      payload: { clearTokens: true },
    });
    await expect(revocations.assertLive(claims("a"))).rejects.toMatchObject({
      payload: { clearTokens: false },
    });
    reads = 0;
    await revocations.assertStands("b", true);
    expect(reads).toBe(0);
  });

  it("revoked once more while its row is read: it is read again", async () => {
    rows.add("a");
    revocations.sessions(["a"]);
    const check = revocations.assertStands("a", false);
    rows.delete("a");
    revocations.sessions(["a"]);
    await expect(check).rejects.toMatchObject({ type: "UNAUTHORISED" });
  });
});
