import assert from "node:assert/strict";
import type { SessionOptions } from "@acme/session-core";
import { type BoundSession, bindSession, SessionError } from "@acme/session-core/adapter";
import type { SessionStore } from "@acme/session-core/store";
import { MovableClock } from "../adapter/movable-clock.js";
import type { StoreCase } from "./store-case.js";

/** Two processes of an application on one store; what the first one asks of it can be made to wait. */
interface World {
  readonly clock: MovableClock;
  readonly here: Process;
  readonly there: Process;
  readonly gate: Gate;
}

type Process = BoundSession<unknown, unknown>;
type Container = Awaited<ReturnType<Process["createNewSessionWithoutRequestResponse"]>>;

interface Tokens {
  readonly handle: string;
  readonly access: string;
  readonly refresh: string | undefined;
}

/** Something that is under way when the session is revoked: what it starts from, and the step itself. */
type Prepare = (world: World, userId: string) => Promise<{ before: Tokens[]; run(): Promise<Container> }>;
type Revoke = (process: Process, userId: string, handle: string | undefined) => Promise<unknown>;

const NO_CSRF = { antiCsrfCheck: false } as const;
const CHECKED = { antiCsrfCheck: false, checkDatabase: true } as const;

const underWay: Readonly<Record<string, Prepare>> = {
  "a refresh": async ({ here }, userId) => {
    const first = await signedIn(here, userId);
    return { before: [first], run: () => refresh(here, first) };
  },
  "a refresh of a token that was not in use yet": async ({ here }, userId) => {
    const first = await signedIn(here, userId);
    const child = tokensOf(await refresh(here, first));
    return { before: [first, child], run: () => refresh(here, child) };
  },
  "a refresh within the grace period": async ({ here, there }, userId) => {
    const first = await signedIn(here, userId);
    const child = tokensOf(await refresh(there, first));
    const used = tokensOf(await there.getSessionWithoutRequestResponse(child.access, undefined, NO_CSRF));
    return { before: [first, child, used], run: () => refresh(here, first) };
  },
  "the first use of a refreshed token": async ({ here }, userId) => {
    const first = await signedIn(here, userId);
    const child = tokensOf(await refresh(here, first));
    return {
      before: [first, child],
      run: () => here.getSessionWithoutRequestResponse(child.access, undefined, NO_CSRF),
    };
  },
  "a look at a row whose payload has changed": async ({ here }, userId) => {
    const first = await signedIn(here, userId);
    await here.mergeIntoAccessTokenPayload(first.handle, { plan: "pro" });
    return {
      before: [first],
      run: () => here.getSessionWithoutRequestResponse(first.access, undefined, CHECKED),
    };
  },
  "a change of the payload": async ({ here }, userId) => {
    const session = await here.createNewSessionWithoutRequestResponse(userId);
    return {
      before: [tokensOf(session)],
      run: async () => {
        await session.mergeIntoAccessTokenPayload({ plan: "pro" });
        return session;
      },
    };
  },
  "a login": async ({ here }, userId) => ({
    before: [],
    run: () => here.createNewSessionWithoutRequestResponse(userId),
  }),
};

const revocations: Readonly<Record<string, Revoke>> = {
  revokeAllSessionsForUser: (process, userId) => process.revokeAllSessionsForUser(userId),
  revokeSession: (process, _userId, handle) => process.revokeSession(handle ?? "none"),
  revokeAllSessions: (process) => process.revokeAllSessions({ allTenants: true }),
  revokeMultipleSessions: (process, _userId, handle) => process.revokeMultipleSessions([handle ?? "none"]),
};

/**
 * Holds each step at each of its calls of the store, before it and after it, while the session is revoked in the same
 * process and in another one. Nothing that was revoked is usable afterwards.
 *
 * @param everyPair each step against each kind of revocation; otherwise they take turns
 */
export async function raceRevocations(
  name: string,
  store: SessionStore,
  second: SessionStore,
  everyPair: boolean,
): Promise<void> {
  const world = await worldOn(store, second);
  let turn = 0;
  const kinds = Object.entries(revocations).filter(
    ([kind]) => kind !== "revokeAllSessions" || store.scanSessions !== undefined,
  );
  for (const where of ["here", "there"] as const) {
    for (const when of ["before", "after"] as const) {
      for (let call = 1; ; call += 1) {
        const chosen = everyPair ? kinds : [kinds[turn % kinds.length] as (typeof kinds)[number]];
        turn += 1;
        let isPastTheEnd = false;
        for (const [kind, revoke] of chosen) {
          const what = `${name}, held ${when} its call ${call} of the store, ${kind} ${where}`;
          isPastTheEnd = !(await race(world, underWay[name] as Prepare, revoke, where, { call, when }, what));
        }
        if (isPastTheEnd) break;
      }
    }
  }
  await world.here.close();
  await world.there.close();
}

let users = 0;

/** @returns whether the step made so many calls */
async function race(
  world: World,
  prepare: Prepare,
  revoke: Revoke,
  where: "here" | "there",
  point: Point,
  what: string,
): Promise<boolean> {
  const { gate, clock } = world;
  users += 1;
  const userId = `racing-${users}`;
  const { before, run } = await prepare(world, userId);
  const startedMs = clock.wallMs();
  const reached = gate.hold(point);
  const running = run().then(
    (session) => ({ session, error: undefined }),
    (error: unknown) => ({ session: undefined, error }),
  );
  const isHeld = await Promise.race([reached.then(() => true), running.then(() => false)]);
  if (!isHeld) {
    gate.release();
    return false;
  }
  clock.advanceMs(5_000);
  await revoke(world[where], userId, before[0]?.handle);
  gate.release();
  const { session, error } = await running;
  if (session === undefined) {
    assert.ok(SessionError.is(error) && error.type === "UNAUTHORISED", `${what}: ${String(error)}`);
  }
  const brought = session === undefined ? [] : [tokensOf(session)];
  if (before.length === 0) {
    const [login] = brought;
    // It was stored after the revocation, or was not meant by it: a session like any other.
    if (login === undefined || (await world.there.getSessionInformation(login.handle)) !== undefined)
      return true;
  }
  const revoker = world[where];
  const other = where === "here" ? world.there : world.here;
  for (const { access, refresh: token } of [...before, ...brought]) {
    for (const options of [NO_CSRF, CHECKED, { ...NO_CSRF, sessionRequired: false as const }]) {
      await assertEnded(revoker.getSessionWithoutRequestResponse(access, undefined, options), what);
    }
    await assertEnded(
      other.getSessionWithoutRequestResponse(access, undefined, CHECKED),
      `${what}, elsewhere`,
    );
    if (token === undefined) continue;
    for (const process of [revoker, other]) {
      await assertEnded(process.refreshSessionWithoutRequestResponse(token, true), `${what}: refresh`);
    }
  }
  for (const { access } of brought) {
    const { parentRefreshTokenHash1, iat } = claimsIn(access);
    if (parentRefreshTokenHash1 !== null) {
      const use = other.getSessionWithoutRequestResponse(access, undefined, NO_CSRF);
      await assertEnded(use, `${what}: first use elsewhere`);
    } else {
      // As old as a token that was handed out before the revocation, and no longer usable than that.
      assert.ok(iat * 1000 <= startedMs, `${what}: a token issued after the revocation`);
    }
  }
  return true;
}

async function assertEnded(attempt: Promise<unknown>, what: string): Promise<void> {
  const error: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const isEnded =
    SessionError.is(error) && (error.type === "UNAUTHORISED" || error.type === "TRY_REFRESH_TOKEN");
  assert.ok(isEnded, `${what}: ${error === undefined ? "it still works" : String(error)}`);
}

interface Point {
  readonly call: number;
  readonly when: "before" | "after";
}

/** A store whose so-many-th call from now on waits. */
class Gate {
  readonly store: SessionStore;
  #point: Point | undefined;
  #calls = 0;
  #reached: () => void = () => {};
  #open: () => void = () => {};
  #opened: Promise<void> = Promise.resolve();

  constructor(inner: SessionStore) {
    this.store = new Proxy({} as SessionStore, {
      get: (_, name) => {
        const member: unknown = Reflect.get(inner, name);
        if (typeof member !== "function") return member;
        // Answers at once, and is no operation.
        if (name === "close" || name === "joined") return member.bind(inner);
        return (...args: unknown[]) => this.#pass(() => Reflect.apply(member, inner, args));
      },
    });
  }

  hold(point: Point): Promise<void> {
    this.#point = point;
    this.#calls = 0;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    return new Promise((resolve) => {
      this.#reached = resolve;
    });
  }

  release(): void {
    this.#point = undefined;
    this.#open();
  }

  async #pass(run: () => unknown): Promise<unknown> {
    this.#calls += 1;
    const when = this.#calls === this.#point?.call ? this.#point.when : undefined;
    if (when === "before") await this.#wait();
    const answer = await run();
    if (when === "after") await this.#wait();
    return answer;
  }

  async #wait(): Promise<void> {
    // What else this process asks for meanwhile passes.
    this.#point = undefined;
    this.#reached();
    await this.#opened;
  }
}

const quiet = { debug() {}, info() {}, warn() {} };

async function worldOn(store: SessionStore, second: SessionStore): Promise<World> {
  const clock = new MovableClock();
  const gate = new Gate(store);
  const options: SessionOptions = {
    appInfo: { appName: "races", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
    antiCsrf: "NONE",
    refreshRateLimit: false,
    clock,
    logger: quiet,
  };
  const start = (on: SessionStore): Process =>
    bindSession<unknown, unknown>({ ...options, store: keptOpen(on) }, () => {
      throw new Error("no request here");
    }).session;
  const world = { clock, gate, here: start(gate.store), there: start(second) };
  // Keys and secrets are in memory from here on.
  for (const process of [world.here, world.there])
    await process.createNewSessionWithoutRequestResponse("first");
  return world;
}

/** The store is the case's: an instance on it does not close it. */
function keptOpen(store: SessionStore): SessionStore {
  return new Proxy({} as SessionStore, {
    get: (_, name) => {
      if (name === "close") return async () => {};
      const member: unknown = Reflect.get(store, name);
      return typeof member === "function" ? member.bind(store) : member;
    },
  });
}

async function signedIn(process: Process, userId: string): Promise<Tokens> {
  return tokensOf(await process.createNewSessionWithoutRequestResponse(userId));
}

function refresh(process: Process, { refresh: token }: Tokens): Promise<Container> {
  return process.refreshSessionWithoutRequestResponse(token ?? "", true);
}

function tokensOf(session: Container): Tokens {
  const { accessToken, refreshToken } = session.getAllSessionTokensDangerously();
  return { handle: session.getHandle(), access: accessToken, refresh: refreshToken };
}

function claimsIn(accessToken: string): { parentRefreshTokenHash1: string | null; iat: number } {
  const [, payload = ""] = accessToken.split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
}

/** The steps that {@link raceRevocations} knows. */
export const stepsUnderWay: readonly string[] = Object.keys(underWay);

export const revocationRaceCases: readonly StoreCase[] = stepsUnderWay.map((name, index) => ({
  id: `revoked-during-${index + 1}`,
  rows: ["sec R-14", "sec CC-03"],
  title: `a session that is revoked during ${name} is over, whatever the step still brings`,
  run: ({ store, second }) => raceRevocations(name, store, second, false),
}));
