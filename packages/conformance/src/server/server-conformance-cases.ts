import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RoleStore, SessionStore } from "@acme/session-core/store";
import { HOUR_MS, livePromotion, liveSession } from "./live-session.js";
import type { Line, ServerCase, StoreServer } from "./server-case.js";

const RECOVERY_LIMIT_MS = 5_000;
/** More pieces than any operation here waits for. */
const PIECES = 9;

export const serverConformanceCases: readonly ServerCase[] = [
  {
    id: "one-connection",
    rows: ["sec ST-05", "sec ST-06"],
    title: "50 refreshes at once finish on a single connection",
    run: (server) =>
      using(server.open({ maxConnections: 1 }), async (store) => {
        const rows = Array.from({ length: 50 }, () => liveSession());
        for (const row of rows) await store.insertSession(row);
        const generations = await Promise.all(
          rows.map(async (row) => {
            const read = await store.getSession(row.handle, Date.now());
            await store.listSigningKeys();
            return (await store.promoteSession(livePromotion(read ?? row)))?.generation;
          }),
        );
        assert.deepEqual(
          generations,
          rows.map(() => 1),
        );
      }),
  },
  {
    id: "server-clock",
    rows: ["sec TM-01"],
    title: "expiry and age are judged by the server's clock, whatever the caller's says",
    run: (server) =>
      using(server.open({}), async (store) => {
        const row = liveSession();
        await store.insertSession(row);
        for (const wrongMs of [Date.now() - 90_000, Date.now() + 90_000, Date.now() + 10 * HOUR_MS]) {
          assert.deepEqual(await store.getSession(row.handle, wrongMs), row);
        }
        const aheadMs = Date.now() + 90_000;
        const promoted = await store.promoteSession(livePromotion(row, aheadMs));
        // Rotated "now": an age of about nothing for a caller whose clock is ahead, and for one whose is behind.
        for (const callerMs of [aheadMs, Date.now() - 90_000]) {
          const read = await store.getSession(row.handle, callerMs);
          assertNear(read?.rotatedAtMs, callerMs);
        }
        assertNear(promoted?.expiresAtMs, Date.now() + HOUR_MS);
      }),
  },
  {
    id: "clean-up-clock",
    rows: ["sec ST-10", "sec TM-03"],
    title: "nothing is cleaned up while the two clocks differ by more than 5 minutes",
    run: (server) =>
      using(server.open({}), async (store) => {
        const dead = liveSession({ expiresAtMs: Date.now() + 300 });
        for (const row of [dead, liveSession()]) await store.insertSession(row);
        for (const wrongMs of [Date.now() + 2 * HOUR_MS, Date.now() - 2 * HOUR_MS]) {
          await assert.rejects(store.deleteExpiredSessions(wrongMs, 10), /clock/);
        }
        await eventually(async () => (await store.deleteExpiredSessions(Date.now(), 10)) === 1);
      }),
  },
  {
    id: "lost-replies",
    rows: ["sec ST-04"],
    title: "each thing is done once although a reply is lost, whichever it is",
    run: ({ open, line }) =>
      using(open({ through: line, maxConnections: 1 }), async (store) => {
        // Zero loses nothing: what is only done the first time is done by then (tables, scripts).
        for (let piece = 0; piece <= PIECES; piece += 1) {
          const row = liveSession();
          const losing = <T>(run: () => Promise<T>): Promise<T> => losingReply(line, piece, run);
          const nowMs = Date.now();
          await losing(() => store.insertSession(row));
          const promoted = await losing(() => store.promoteSession(livePromotion(row)));
          assert.equal(promoted?.generation, 1, `promoteSession, reply ${piece}`);
          assert.equal(promoted?.refreshTokenHash2, "b".repeat(64));
          const merged = await losing(() =>
            store.updateAccessTokenPayload(row.handle, nowMs, (json) =>
              JSON.stringify({ ...(JSON.parse(json) as object), merged: true }),
            ),
          );
          assert.equal(merged?.accessTokenPayloadJson, '{"merged":true}');
          assert.equal(await losing(() => store.replaceSessionData(row.handle, nowMs, "[]")), true);
          assert.equal((await store.getSession(row.handle, nowMs))?.generation, 1);
          assert.deepEqual(
            await losing(() => store.deleteSessions([row.handle], nowMs)),
            [row.handle],
            `deleteSessions, reply ${piece}`,
          );
          assert.equal(await store.getSession(row.handle, nowMs), undefined);
          const key = {
            kid: `d-${piece}`,
            family: "dynamic",
            algorithm: "ES256",
            sequence: piece + 1,
            createdAtMs: 1,
            publicJwkJson: "{}",
            privateJwkJson: `{"d":${piece}}`,
          } as const;
          assert.equal(await losing(() => store.insertSigningKey(key)), true, `insertSigningKey, ${piece}`);
        }
      }),
  },
  {
    id: "lost-replies-of-roles",
    rows: ["sec ST-04"],
    title: "a change of roles, where the store keeps them, says that it took place although a reply is lost",
    run: ({ open, line }) =>
      using(open({ through: line, maxConnections: 1 }), async ({ roles }) => {
        if (roles === undefined) return;
        for (let piece = 0; piece <= PIECES; piece += 1) {
          await changeRolesOnce(roles, (run) => losingReply(line, piece, run), `reply ${piece}`);
        }
      }),
  },
  {
    id: "silence",
    rows: ["sec ST-02", "sec O-01"],
    title:
      "while nothing comes back every operation throws within its budget, and soon after the store works by itself",
    run: ({ open, line }) =>
      using(open({ through: line, maxConnections: 2 }), async (store) => {
        const row = liveSession();
        await store.insertSession(row);
        line.fault = { blackHole: true };
        const during = await Promise.allSettled([
          store.getSession(row.handle, Date.now()),
          store.promoteSession(livePromotion(row)),
          store.deleteSessions([row.handle], Date.now()),
          store.listSigningKeys(),
        ]);
        line.fault = {};
        assert.deepEqual(
          during.map(({ status }) => status),
          during.map(() => "rejected"),
        );
        await eventually(() => answers(store));
        assert.deepEqual(await store.getSession(row.handle, Date.now()), row);
      }),
  },
  {
    id: "restart",
    rows: ["sec ST-02", "sec CC-08"],
    title: "while the server is gone every operation throws, and when it is back the store works by itself",
    run: (server) =>
      using(server.open({ maxConnections: 2 }), async (store) => {
        await store.insertSession(liveSession());
        await server.kill();
        const during = await Promise.allSettled(
          Array.from({ length: 50 }, () => store.getSession("h", Date.now())),
        );
        assert.deepEqual(
          during.map(({ status }) => status),
          during.map(() => "rejected"),
        );
        await server.restart();
        // It may have a log to replay first.
        await eventually(() => answers(store));
        const row = liveSession();
        await store.insertSession(row);
        assert.deepEqual(await store.getSession(row.handle, Date.now()), row);
      }),
  },
];

async function changeRolesOnce(
  roles: RoleStore,
  losing: <T>(run: () => Promise<T>) => Promise<T>,
  message: string,
): Promise<void> {
  const [role, other] = [`role of ${message}`, `other of ${message}`];
  const has = async () => (await roles.readAuthorization("public", message)).effectiveRoles;
  for (const one of [role, other]) await roles.grantPermissions(one, []);
  await roles.setParents(role, [other]);
  assert.equal(await losing(() => roles.assignRole("public", message, role)), "assigned", message);
  assert.deepEqual(await has(), [other, role].sort(), message);
  assert.equal(await losing(() => roles.unassignRole("public", message, role)), "unassigned", message);
  assert.deepEqual(await has(), [], message);
  await roles.assignRole("public", message, role);
  // How many there were cannot be told any more; but not "none".
  assert.ok((await losing(() => roles.unassignAll(message, undefined))) > 0, message);
  assert.equal(await losing(() => roles.deleteRole(role)), true, message);
  assert.equal(await roles.deleteRole(role), false, message);
}

async function using(store: SessionStore, run: (store: SessionStore) => Promise<void>): Promise<void> {
  try {
    await run(store);
  } finally {
    await store.close();
  }
}

/** Loses the `piece`-th piece of reply to what `run` does, if there are so many: the server has done its part by then. */
async function losingReply<T>(line: Line, piece: number, run: () => Promise<T>): Promise<T> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  line.replies = 0;
  if (piece > 0) line.fault = { cutReplyEvery: piece };
  const running = run();
  running.then(end, end);
  while (!isOver && (piece === 0 || line.replies < piece))
    await new Promise((resolve) => setImmediate(resolve));
  line.fault = {};
  return running;
}

function answers(store: SessionStore): Promise<boolean> {
  return store.getSession("h", Date.now()).then(
    () => true,
    () => false,
  );
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const startedMs = performance.now();
  while (!(await isSo())) {
    assert.ok(performance.now() - startedMs < RECOVERY_LIMIT_MS, `not so within ${RECOVERY_LIMIT_MS} ms`);
    await sleep(50);
  }
}

/** The clocks of two machines of a test are the same, give or take a slow moment. */
function assertNear(actualMs: number | null | undefined, expectedMs: number): void {
  assert.ok(Math.abs((actualMs ?? 0) - expectedMs) < 20_000, `${actualMs} is not about ${expectedMs}`);
}

/** Runs one case; the line works again afterwards. */
export async function runServerCase(serverCase: ServerCase, server: StoreServer): Promise<void> {
  try {
    await serverCase.run(server);
  } finally {
    server.line.fault = {};
  }
}
