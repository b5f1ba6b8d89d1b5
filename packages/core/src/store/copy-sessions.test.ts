import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { copySessions } from "./copy-sessions.js";
import { MemoryStore } from "./memory-store.js";
import type { SessionRow, SessionStore, SigningKeyRow } from "./session-store.js";

const START_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

function session(handle: string, fields: Partial<SessionRow> = {}): SessionRow {
  return {
    handle,
    tenantId: "public",
    userId: "u",
    refreshTokenHash2: "first",
    previousRefreshTokenHash2: null,
    secretId: "s",
    previousSecretId: null,
    generation: 0,
    rotatedAtMs: null,
    sessionDataJson: "{}",
    accessTokenPayloadJson: "{}",
    createdAtMs: START_MS - HOUR_MS,
    expiresAtMs: START_MS + 100 * HOUR_MS,
    absoluteExpiresAtMs: START_MS + 100 * HOUR_MS,
    ...fields,
  };
}

const signingKey = (kid: string): SigningKeyRow => ({
  kid,
  family: "dynamic",
  algorithm: "ES256",
  sequence: 1,
  createdAtMs: START_MS,
  publicJwkJson: "{}",
  privateJwkJson: "{}",
});

/** An application that has run for an hour, and its sessions copied once. */
async function copied() {
  const [from, to] = [new MemoryStore(), new MemoryStore()];
  let nowMs = START_MS;
  const at = { nowMs: () => nowMs };
  for (const handle of ["a", "b", "c"]) await from.insertSession(session(handle));
  await from.listSecrets({ id: "s", secret: "c2VjcmV0" });
  const first = await copySessions(from, to, at);
  const login = async (store: SessionStore, handle: string): Promise<SessionRow> => {
    const row = session(handle, { createdAtMs: nowMs });
    await store.insertSession(row);
    return row;
  };
  const refresh = (store: SessionStore, handle: string) =>
    store.promoteSession({
      handle,
      expectedRefreshTokenHash2: "first",
      nextRefreshTokenHash2: "second",
      nextSecretId: "s",
      nowMs,
      expiresAtMs: nowMs + HOUR_MS,
    });
  const merge = (store: SessionStore, handle: string, json: string) =>
    store.updateAccessTokenPayload(handle, nowMs, () => json);
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  const rowsOf = async (store: SessionStore): Promise<SessionRow[]> =>
    (await store.scanSessions?.(undefined, 1_000))?.rows ?? [];
  return { from, to, at, first, login, refresh, merge, pass, rowsOf };
}

describe("copySessions before the switch", () => {
  it("brings what changed and what is new, and takes out what was revoked, the newest logins too", async () => {
    const { from, to, at, first, login, refresh, merge, pass, rowsOf } = await copied();
    expect(first).toMatchObject({ inserted: 3, replaced: 0, removed: 0, late: [] });
    pass(1_000);
    await refresh(from, "a");
    await merge(from, "b", '{"st-role":[]}');
    await from.deleteSessions(["c"], at.nowMs());
    await login(from, "d");
    await login(from, "e");
    const second = await copySessions(from, to, { ...at, after: first });
    expect(second).toMatchObject({ inserted: 2, replaced: 2, removed: 1, unchanged: 0 });
    pass(1_000);
    await from.deleteSessions(["d"], at.nowMs());
    const third = await copySessions(from, to, { ...at, after: second });
    expect(third).toMatchObject({ inserted: 0, replaced: 0, removed: 1, unchanged: 3 });
    expect((await rowsOf(to)).sort(byHandle)).toEqual((await rowsOf(from)).sort(byHandle));
  });

  it("goes on where a first copy was interrupted", async () => {
    const { from, to, at, rowsOf } = await copied();
    await to.deleteSessions(["b"], at.nowMs());
    expect(await copySessions(from, to, at)).toMatchObject({ inserted: 1, unchanged: 2 });
    expect(await rowsOf(to)).toHaveLength(3);
  });
});

it("a session that has ended is not copied", async () => {
  const { from, to, at, pass, rowsOf } = await copied();
  await from.insertSession(session("ended", { expiresAtMs: START_MS + 1 }));
  pass(1);
  expect(await copySessions(from, to, at)).toMatchObject({ inserted: 0, unchanged: 3 });
  expect((await rowsOf(to)).map(({ handle }) => handle)).not.toContain("ended");
});

it("a store that has a secret or a key of its own is refused, since its tokens or ours would be worth nothing", async () => {
  const [from, withSecret, withKey] = [new MemoryStore(), new MemoryStore(), new MemoryStore()];
  await from.listSecrets({ id: "ours", secret: "c2VjcmV0" });
  await from.insertSigningKey(signingKey("d-ours"));
  await from.insertSession(session("a"));
  await withSecret.listSecrets({ id: "theirs", secret: "b3RoZXI" });
  await withKey.insertSigningKey(signingKey("d-theirs"));
  const at = { nowMs: () => START_MS };
  await expect(copySessions(from, withSecret, at)).rejects.toThrow("a secret of its own");
  await expect(copySessions(from, withKey, at)).rejects.toThrow("signing keys of its own");
  for (const to of [withSecret, withKey]) expect(await to.getSession("a", START_MS)).toBeUndefined();
});

describe("copySessions run again after the switch undoes nothing", () => {
  it.each([
    ["somebody has signed in", ({ login, to }: Awaited<ReturnType<typeof copied>>) => login(to, "new")],
    ["somebody has refreshed", ({ refresh, to }: Awaited<ReturnType<typeof copied>>) => refresh(to, "a")],
  ])("%s: both kinds of run refuse, and the new store stays as it is", async (_, use) => {
    const scene = await copied();
    const { from, to, at, first, merge, pass, rowsOf } = scene;
    const second = await copySessions(from, to, { ...at, after: first });
    pass(10 * 60_000);
    await use(scene);
    // A demotion and a sign-out after the switch.
    await merge(to, "b", '{"st-role":[]}');
    await to.deleteSessions(["c"], at.nowMs());
    const before = await rowsOf(to);
    for (const options of [at, { ...at, after: first }, { ...at, after: second }]) {
      await expect(copySessions(from, to, options)).rejects.toThrow("in use already");
    }
    expect(await rowsOf(to)).toEqual(before);
    const third = await copySessions(from, to, { ...at, createdSinceMs: second.startedAtMs });
    expect(third).toMatchObject({ inserted: 0, replaced: 0, removed: 0 });
    expect(await rowsOf(to)).toEqual(before);
  });

  it("the run after the switch brings logins of the moments between, and nothing else", async () => {
    const { from, to, at, first, login, pass, rowsOf } = await copied();
    pass(1_000);
    const second = await copySessions(from, to, { ...at, after: first });
    pass(1_000);
    await login(from, "between");
    await login(to, "new");
    await to.deleteSessions(["a"], at.nowMs());
    const third = await copySessions(from, to, { ...at, createdSinceMs: second.startedAtMs });
    expect(third).toMatchObject({ inserted: 1, replaced: 0, removed: 0 });
    expect((await rowsOf(to)).map(({ handle }) => handle).sort()).toEqual(["b", "between", "c", "new"]);
  });

  it("run twice, or when its logins have been used already, it undoes nothing", async () => {
    const { from, to, at, first, login, merge, pass, rowsOf } = await copied();
    pass(1_000);
    const second = await copySessions(from, to, { ...at, after: first });
    pass(1_000);
    await login(from, "between");
    const after = { ...at, createdSinceMs: second.startedAtMs };
    await copySessions(from, to, after);
    // A demotion there.
    await merge(to, "between", '{"st-role":[]}');
    const before = await rowsOf(to);
    expect(await copySessions(from, to, after)).toMatchObject({ inserted: 0, replaced: 0, unchanged: 1 });
    expect(await rowsOf(to)).toEqual(before);
  });

  it("a run is before the switch or after it", async () => {
    const { from, to, first } = await copied();
    await expect(copySessions(from, to, { after: first, createdSinceMs: 1 })).rejects.toThrow("one of them");
  });
});

function byHandle(one: SessionRow, other: SessionRow): number {
  return one.handle < other.handle ? -1 : 1;
}

it.each([
  ["to", "insertSession"],
  ["to", "getSession"],
  ["to", "scanSessions"],
  ["to", "insertSigningKey"],
  ["to", "listSecrets"],
  ["from", "scanSessions"],
  ["from", "listSigningKeys"],
  ["from", "listSecrets"],
] as const)(
  "what a driver says stays out of the error, which names store and operation: `%s`, %s",
  async (side, operation) => {
    const { from, at } = await copied();
    await from.insertSigningKey(signingKey("d-ours"));
    const stores = { from, to: new MemoryStore() };
    const words = "INSERT INTO sessions VALUES ('a-secret')";
    const said = Object.assign(new Error(words), { sql: words, detail: words, code: "ER_DUP_ENTRY" });
    Object.assign(stores[side], { [operation]: () => Promise.reject(said) });
    const error: unknown = await copySessions(stores.from, stores.to, at).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", message: expect.stringContaining(operation) });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("a-secret");
  },
);
