import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { SessionError } from "@acme/session-core";
import type { JoinedApplication, JoinedCase, Witness } from "./joined-case.js";
import { livePromotion, liveSession } from "./live-session.js";
import { LaterClock, type SignedIn, type SigningIn, signingIn } from "./signing-in.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Secret, keys, roles, the new session, the replaced one. */
const STATEMENTS_OF_A_COLD_LOGIN = 5;

/** How long a statement may wait for others, with something for a slow machine. */
const WAIT_LIMIT_MS = 2_500;

/** Counts the statements of one transaction, and has one of them fail. */
class Watch implements Witness {
  sent = 0;
  answered = 0;

  /** @param failing which statement fails: 1, 2 … */
  constructor(private failing = 0) {}

  failNext(): void {
    this.failing = this.sent + 1;
  }

  sends(): "send" | "fail" {
    this.sent += 1;
    return this.sent === this.failing ? "fail" : "send";
  }

  isAnswered(): void {
    this.answered += 1;
  }

  get hasFailed(): boolean {
    return this.failing > 0 && this.sent >= this.failing;
  }
}

export const joinedConformanceCases: readonly JoinedCase[] = [
  {
    id: "in-each-other",
    title: "a call inside a call on the same connection is void alone when it rejects, and else kept with it",
    run: (application, isolation) =>
      using(application, async () => {
        const heard: string[] = [];
        const listen = (who: string): void =>
          application.store.joined?.()?.whenOver((isKept) => heard.push(`${who}: ${isKept}`));
        await application.transaction(isolation, async (lent) => {
          const watch = new Watch();
          await lent.join(async () => {
            listen("outer");
            const refused = lent.join(async () => {
              listen("refused");
              throw new Error("refused");
            }, watch);
            await assert.rejects(refused, /refused/);
            await lent.join(async () => listen("inner"), watch);
            heard.push("the end");
          }, watch);
        });
        assert.deepEqual(heard, ["refused: false", "the end", "inner: true", "outer: true"]);
      }),
  },
  {
    id: "together",
    title:
      "a login is kept or dropped with the application's own row, and its roles are those of the transaction",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "someone");
        const here = signingIn(application.store);
        const login = (note: string, end: () => void = () => {}) =>
          application.transaction(isolation, async (lent) => {
            await lent.note(note);
            const signedIn = await lent.join(async () => {
              await here.roles?.addRoleToUser("public", "alice", "admin");
              return here.login("alice");
            }, new Watch());
            end();
            return signedIn;
          });
        let dropped: SignedIn | undefined;
        await assert.rejects(
          application.transaction(isolation, async (lent) => {
            await lent.note("dropped");
            dropped = await lent.join(async () => {
              await here.roles?.addRoleToUser("public", "alice", "admin");
              return here.login("alice");
            }, new Watch());
            throw new Error("the application thinks better of it");
          }),
          /thinks better/,
        );
        assert.equal(dropped && (await other.knows(dropped)), false);
        assert.deepEqual(await rolesOf(other, "alice"), []);
        const kept = await login("kept");
        assert.equal(await other.knows(kept), true);
        if (other.roles !== undefined) assert.deepEqual(kept.roles, ["admin"]);
        assert.deepEqual(await rolesOf(other, "alice"), other.roles === undefined ? [] : ["admin"]);
        assert.deepEqual(await application.notes(), ["kept"]);
      }),
  },
  {
    id: "each-failure",
    title:
      "whichever statement of ours fails, the call rejects, also when the application caught it, and nothing is kept of the transaction",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const previous = await other.login("alice");
        for (let failing = 1; ; failing += 1) {
          for (const catches of [true, false]) {
            const watch = new Watch(failing);
            // A process that has just started: nothing is in its memory.
            const here = signingIn(application.store);
            const attempt = application.transaction(isolation, async (lent) => {
              await lent.note(`${failing}`);
              return lent.join(async () => {
                const login = here.login("alice", previous);
                return catches ? login.catch(() => undefined) : login;
              }, watch);
            });
            if (await wasLastStatement(attempt, watch)) {
              assert.ok(failing > STATEMENTS_OF_A_COLD_LOGIN, `only ${failing - 1} statements were seen`);
              assert.equal(await other.knows(previous), false);
              assert.deepEqual(await application.notes(), [`${failing}`]);
              return;
            }
            assert.equal(await other.knows(previous), true, `statement ${failing}`);
            assert.deepEqual(await application.notes(), [], `statement ${failing}`);
          }
        }
      }),
  },
  {
    id: "one-in-another",
    title:
      "a call inside another on the same connection is part of it: what fails there rejects both, also when the application caught it",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        for (const fails of [false, true]) {
          const here = signingIn(application.store);
          const watch = new Watch();
          let inner: SignedIn | undefined;
          const attempt = application.transaction(isolation, async (lent) => {
            await lent.note(`fails: ${fails}`);
            await lent.join(async () => {
              if (fails) watch.failNext();
              inner = await lent.join(() => here.login("alice"), watch).catch(() => undefined);
            }, watch);
          });
          if (fails) {
            await assert.rejects(attempt, (error) => SessionError.is(error));
            assert.equal(inner, undefined);
          } else {
            await attempt;
            assert.equal(inner && (await other.knows(inner)), true);
          }
          assert.deepEqual(await application.notes(), ["fails: false"]);
        }
      }),
  },
  {
    id: "first-login",
    title: "the first logins of all, on an empty database and every connection in use, are good elsewhere",
    run: (application, isolation, connections) =>
      using(application, async (other) => {
        const here = signingIn(application.store);
        const users = Array.from({ length: connections }, (_, index) => `user-${index}`);
        const logins = await atOnce(application, isolation, users, (user) => here.login(user));
        for (const login of logins) assert.equal(await other.knows(login), true);
      }),
  },
  {
    id: "first-login-dropped",
    title:
      "keys and secret that a dropped first login brought about are good for those after it, here and elsewhere",
    run: (application, isolation) =>
      using(application, async (other) => {
        const here = signingIn(application.store);
        await assert.rejects(
          application.transaction(isolation, async (lent) => {
            await lent.join(() => here.login("alice"), new Watch());
            throw new Error("dropped");
          }),
          /dropped/,
        );
        const kept = await application.transaction(isolation, (lent) =>
          lent.join(() => here.login("alice"), new Watch()),
        );
        assert.equal(await other.knows(kept), true);
        assert.equal(await here.knows(await other.login("alice")), true);
      }),
  },
  {
    id: "burst",
    title:
      "as many logins at once as there are connections, with roles: after the start, and again a minute later",
    run: (application, isolation, connections) =>
      using(application, async (other) => {
        const users = Array.from({ length: connections }, (_, index) => `user-${index}`);
        await firstDay(other, ...users);
        const clock = new LaterClock();
        const here = signingIn(application.store, clock);
        for (let round = 0; round < 3; round += 1) {
          const logins = await atOnce(application, isolation, users, (user) => here.login(user));
          for (const login of logins) {
            if (other.roles !== undefined) assert.deepEqual(login.roles, ["member"]);
            assert.equal(await other.knows(login), true);
          }
          clock.advanceMs(2 * MINUTE_MS);
        }
      }),
  },
  {
    id: "not-alone",
    title: "logins that joined and logins that did not never wait for each other's connection",
    run: (application, isolation, connections) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        // Each first asks for keys and secret, of which the process has none yet.
        for (let round = 0; round < 3; round += 1) {
          const here = signingIn(application.store);
          const users = Array.from({ length: connections }, () => "alice");
          let alone: Promise<SignedIn> | undefined;
          const joined = await atOnce(
            application,
            isolation,
            users,
            (user) => here.login(user),
            () => {
              // While every connection is lent: it waits for one, and nobody waits for it.
              alone = here.login("alice");
            },
          );
          for (const login of joined) assert.equal(await other.knows(login), true);
          assert.equal(alone && (await other.knows(await alone)), true);
        }
      }),
  },
  {
    id: "old-snapshot",
    title: "keys and secret that another process made after the transaction's snapshot do not fail its login",
    run: (application, isolation) =>
      using(application, async (other) => {
        const here = signingIn(application.store);
        const login = await application.transaction(isolation, async (lent) => {
          await lent.note("the snapshot");
          await other.login("bob");
          return lent.join(() => here.login("alice"), new Watch());
        });
        assert.equal(await other.knows(login), true);
        const bob = await other.login("bob");
        assert.equal(await here.knows(bob), true);
        // The snapshot has shown this process fewer keys than there are: it forgets none of them.
        assert.equal(await here.knows(login), true);
      }),
  },
  {
    id: "handed-back",
    title: "what a login starts behind itself runs on another connection, when this one has been handed back",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const expired = Array.from({ length: 60 }, () => liveSession({ expiresAtMs: 1 }));
        const store = application.elsewhere();
        try {
          for (const row of expired) await store.insertSession(row);
        } finally {
          await store.close();
        }
        const clock = new LaterClock();
        const statementsOf = (process: SigningIn): Promise<number> =>
          application.transaction(isolation, async (lent) => {
            const watch = new Watch();
            await lent.join(() => process.login("alice"), watch);
            const { sent } = watch;
            await sleep(20);
            assert.equal(watch.sent, sent, "a statement on a connection that was handed back");
            return sent;
          });
        await statementsOf(signingIn(application.store, clock));
        const here = signingIn(application.store, clock);
        const cold = await statementsOf(here);
        for (let round = 0; round < 3; round += 1) {
          // Time for a clean-up, and to read again what has been read.
          clock.advanceMs(13 * HOUR_MS);
          const sent = await statementsOf(here);
          assert.ok(sent <= cold, `${sent} statements, where a process that has just started needs ${cold}`);
        }
      }),
  },
  {
    id: "left-behind",
    title:
      "what the application left running is refused once the connection has been handed back, and sends nothing",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        const watch = new Watch();
        let late: Promise<unknown> | undefined;
        await application.transaction(isolation, (lent) =>
          lent.join(async () => {
            late = sleep(50).then(() => here.login("alice"));
            late.catch(() => {});
          }, watch),
        );
        const { sent } = watch;
        await assert.rejects(late ?? Promise.resolve(), /handed back/);
        assert.equal(watch.sent, sent);
      }),
  },
  {
    id: "under-way",
    title:
      "when the work rejects or ends early, what was under way on the connection is over before the call returns",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        for (const end of [() => Promise.reject(new Error("early")), () => Promise.resolve()]) {
          const watch = new Watch();
          const counts = await application.transaction(isolation, async (lent) => {
            const settled = await lent
              .join(async () => {
                for (let count = 0; count < 5; count += 1) here.login("alice").catch(() => {});
                // Until the first statements are on their way.
                while (watch.sent === 0) await new Promise((resolve) => setImmediate(resolve));
                return end();
              }, watch)
              .then(
                () => undefined,
                (error: unknown) => error,
              );
            const { sent, answered } = watch;
            await sleep(20);
            assert.ok(settled instanceof Error, "half a login was not told");
            return { sent, answered, later: watch.sent };
          });
          assert.deepEqual(counts, { sent: counts.sent, answered: counts.sent, later: counts.sent });
        }
      }),
  },
  {
    id: "twice",
    title: "a login that is submitted twice at once: what resolved is there, what rejected is not",
    run: (application, isolation, connections) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        await here.login("alice");
        for (let round = 0; round < 5; round += 1) {
          const previous = await other.login("alice");
          const before = await application.notes();
          const names = Array.from({ length: Math.min(connections, 4) }, (_, index) => `${round}/${index}`);
          const outcomes = await Promise.allSettled(
            names.map((name) =>
              application.transaction(isolation, async (lent) => {
                await lent.note(name);
                return lent.join(() => here.login("alice", previous), new Watch());
              }),
            ),
          );
          const kept = names.filter((_, index) => outcomes[index]?.status === "fulfilled");
          assert.ok(kept.length > 0, "somebody gets in");
          const notes = await application.notes();
          assert.deepEqual(notes.filter((note) => !before.includes(note)).sort(), kept);
          for (const outcome of outcomes) {
            if (outcome.status === "fulfilled") assert.equal(await other.knows(outcome.value), true);
          }
          assert.equal(await other.knows(previous), false);
        }
      }),
  },
  {
    id: "theft-dropped",
    title:
      "a theft that is found in a transaction ends the session, also when the transaction is rolled back",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const events: string[] = [];
        const clock = new LaterClock();
        const { session } = signingIn(application.store, clock, {
          refreshGracePeriodSeconds: 0,
          onEvent: ({ type }) => void events.push(type),
        });
        const refresh = async (token: string | undefined) =>
          (
            await session.refreshSessionWithoutRequestResponse(token ?? "", true)
          ).getAllSessionTokensDangerously();
        const created = await session.createNewSessionWithoutRequestResponse("alice");
        const stolen = created.getAllSessionTokensDangerously().refreshToken;
        const second = await refresh((await refresh(stolen)).refreshToken);
        await session.getSessionWithoutRequestResponse(second.accessToken, undefined, {
          antiCsrfCheck: false,
        });
        // Nothing that may have been sent before the process stood still is called a theft.
        clock.advanceMs(5_000);
        const verdict = application.transaction(isolation, (lent) =>
          lent.join(() => refresh(stolen), new Watch()),
        );
        await assert.rejects(verdict, { type: "TOKEN_THEFT_DETECTED" });
        await assert.rejects(refresh(second.refreshToken), { type: "UNAUTHORISED" });
        await until(
          async () => (await other.session.getSessionInformation(created.getHandle())) === undefined,
        );
        await until(async () => events.includes("theft"));
        assert.equal(events.filter((type) => type === "theft").length, 1);
      }),
  },
  {
    id: "claims-dropped",
    title: "what a session was given in a transaction that is rolled back is in no token that counts",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        const payloadOf = async (token: string) =>
          (
            await here.session.getSessionWithoutRequestResponse(token, undefined, { antiCsrfCheck: false })
          ).getAccessTokenPayload();
        const created = await here.session.createNewSessionWithoutRequestResponse("alice", { plan: "free" });
        for (const end of ["dropped", "kept"]) {
          const container = await here.session.getSessionWithoutRequestResponse(
            created.getAccessToken(),
            undefined,
            { antiCsrfCheck: false },
          );
          const change = application.transaction(isolation, async (lent) => {
            await lent.join(async () => {
              await here.roles?.addRoleToUser("public", "alice", "admin");
              await container.mergeIntoAccessTokenPayload({ plan: "pro" });
            }, new Watch());
            if (end === "dropped") throw new Error(end);
          });
          if (end === "dropped") await assert.rejects(change, /dropped/);
          else await change;
          const payload = await payloadOf(container.getAccessToken());
          assert.equal(payload.plan, end === "dropped" ? "free" : "pro");
          if (here.roles !== undefined) {
            const { v } = payload["st-role"] as { v: string[] };
            assert.equal(v.includes("admin"), end === "kept");
          }
        }
      }),
  },
  {
    id: "as-it-was",
    title: "the connection is set afterwards as it was before, whatever was done on it",
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        const changes = await changesOf(application, here, other);
        await application.transaction(isolation, async (lent) => {
          const before = await lent.settings();
          for (const [name, change, again] of changes) {
            await lent.join(change, new Watch());
            assert.equal(await lent.settings(), before, name);
            // Mostly there is nothing left to change.
            await lent.join(again, new Watch());
            assert.equal(await lent.settings(), before, `${name}, again`);
          }
        });
      }),
  },
  {
    id: "held",
    title:
      "what another transaction holds is waited for a moment only: the call rejects, also when the application caught it, and the rollback does not wait",
    connections: 10,
    run: (application, isolation) =>
      using(application, async (other) => {
        await firstDay(other, "alice");
        const here = signingIn(application.store);
        const changes = await changesOf(application, here, other);
        const attempt = async (change: () => Promise<unknown>) => {
          const startMs = performance.now();
          let rejectedMs = startMs;
          const reason = await application
            .transaction(isolation, (lent) =>
              lent
                .join(() => change().catch(() => {}), new Watch())
                .finally(() => {
                  rejectedMs = performance.now();
                }),
            )
            .then(
              () => undefined,
              (error: unknown) => error,
            );
          return { reason, waitedMs: rejectedMs - startMs, rollbackMs: performance.now() - rejectedMs };
        };
        await assert.rejects(
          application.transaction(isolation, async (lent) => {
            await lent.join(async () => {
              for (const [, change] of changes) await change();
            }, new Watch());
            const attempts = changes.map(([name, , again]) =>
              attempt(again).then((outcome) => ({ name, ...outcome })),
            );
            for (const { name, reason, waitedMs, rollbackMs } of await Promise.all(attempts)) {
              assert.ok(SessionError.is(reason), `${name}: ${String(reason)}`);
              assert.equal(reason.type, "STORE_UNAVAILABLE", name);
              assert.ok(reason.cause instanceof Error, `${name}: no cause`);
              assert.ok(waitedMs < WAIT_LIMIT_MS, `${name}: rejected after ${waitedMs} ms`);
              assert.ok(rollbackMs < 500, `${name}: rolled back after ${rollbackMs} ms`);
            }
            throw new Error("no longer held");
          }),
          /no longer held/,
        );
        // Nothing is left behind that would hold anything.
        for (const [name, , again] of changes) {
          await application.transaction(isolation, (lent) =>
            lent.join(again, new Watch()).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`)),
          );
        }
      }),
  },
];

type Change = readonly [name: string, first: () => Promise<unknown>, again: () => Promise<unknown>];

/**
 * Everything that locks rows, each with rows of its own, and what has to wait for it in another transaction: the same, or
 * a login that replaces a session that this one has locked.
 */
async function changesOf(
  { store }: JoinedApplication,
  here: SigningIn,
  other: SigningIn,
): Promise<readonly Change[]> {
  const rows = Array.from({ length: 5 }, (_, index) => liveSession({ userId: `owner-${index}` }));
  for (const row of rows) await store.insertSession(row);
  const [refreshed, merged, replaced, revoked, everywhere] = rows as [Row, Row, Row, Row, Row];
  const previous = await other.login("alice");
  const { roles } = here;
  const twice = (name: string, change: () => Promise<unknown>): Change => [name, change, change];
  const now = Date.now();
  return [
    twice("a refresh", () => store.promoteSession(livePromotion(refreshed))),
    twice("a merge", () => store.updateAccessTokenPayload(merged.handle, now, (text) => `${text} `)),
    twice("session data", () => store.replaceSessionData(replaced.handle, now, '{"a":1}')),
    twice("a revocation", () => store.deleteSessions([revoked.handle], now)),
    twice("all of a user", () => store.deleteSessionsOfUser(everywhere.userId, undefined, now)),
    [
      "a login that replaces one",
      () => store.replaceSessionData(previous.handle, now, "{}"),
      () => here.login("alice", previous),
    ],
    ...(roles === undefined ? [] : [twice("a role", () => roles.addRoleToUser("public", "bob", "admin"))]),
  ];
}

type Row = ReturnType<typeof liveSession>;

/** The application on its first day, with another process of it beside. */
async function using(
  application: JoinedApplication,
  run: (other: SigningIn) => Promise<void>,
): Promise<void> {
  const other = signingIn(application.elsewhere());
  try {
    await run(other);
  } finally {
    await other.close();
    await application.close();
  }
}

/** Somebody has signed in before: tables, keys and secret are there, and a role that these users have. */
async function firstDay(other: SigningIn, ...users: readonly string[]): Promise<void> {
  await other.login("the first of all");
  for (const role of ["member", "admin"]) await other.roles?.createNewRoleOrAddPermissions(role, []);
  for (const user of users) await other.roles?.addRoleToUser("public", user, "member");
}

async function rolesOf({ roles }: SigningIn, user: string): Promise<string[]> {
  return roles === undefined ? [] : (await roles.getRolesForUser("public", user)).roles;
}

/** One transaction for each user, all of them begun before the first one signs in. */
async function atOnce(
  application: JoinedApplication,
  isolation: string,
  users: readonly string[],
  login: (user: string) => Promise<SignedIn>,
  onceBegun: () => void = () => {},
): Promise<SignedIn[]> {
  let waiting = users.length;
  let open = (): void => {};
  const allBegun = new Promise<void>((resolve) => {
    open = resolve;
  });
  return Promise.all(
    users.map((user) =>
      application.transaction(isolation, async (lent) => {
        await lent.note(user);
        waiting -= 1;
        if (waiting === 0) {
          onceBegun();
          open();
        }
        await allBegun;
        return lent.join(() => login(user), new Watch());
      }),
    ),
  );
}

/** @returns whether the transaction went through, since it had no such statement; it must have rejected otherwise */
async function wasLastStatement(attempt: Promise<unknown>, watch: Watch): Promise<boolean> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error ?? "rejected",
  );
  if (!watch.hasFailed) {
    assert.equal(outcome, undefined);
    return true;
  }
  assert.ok(outcome === undefined || SessionError.is(outcome), `not an error of ours: ${String(outcome)}`);
  assert.notEqual(outcome, undefined, `statement ${watch.sent} failed, and the call resolved`);
  return false;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; !(await holds()); waitedMs += 20) {
    assert.ok(waitedMs < 10_000, "not in ten seconds");
    await sleep(20);
  }
}
