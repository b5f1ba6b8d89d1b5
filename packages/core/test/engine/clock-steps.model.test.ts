import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { createCore } from "../../src/create-core.js";
import { SessionError } from "../../src/errors/session-error.js";
import type { SessionCore } from "../../src/flows/session-core.js";
import { silentLogger } from "../../src/runtime/logger.js";
import type { SessionContainer } from "../../src/session/session-container.js";
import type { SessionEvent } from "../../src/session/session-event.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { freshPath } from "../sqlite/fixture.js";
import { APP_INFO } from "../support/http-app.js";
import { TestClock } from "../support/test-clock.js";

/** Another one each time; `MODEL_SEED=… MODEL_RUNS=…` repeat a run or make it longer. */
const SEED = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = Number(process.env.MODEL_RUNS ?? 150);
const GRACE_MS = 30_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

type Step =
  /** A tab takes the token in the jar, and sends it only when `send` comes. */
  | { do: "take" }
  | { do: "send"; on: number; isLost: boolean }
  | { do: "refresh"; on: number; isLost: boolean }
  | { do: "use"; on: number }
  | { do: "wait"; ms: number }
  /** The wall clock is set. */
  | { do: "step"; ms: number }
  /** One process stands still with a tab's request inside, while the client goes on at another. */
  | { do: "freeze"; on: number; ms: number };

const on = fc.nat(1);
const isLost = fc.boolean();
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ do: "take" as const }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("send" as const), on, isLost }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("refresh" as const), on, isLost }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("use" as const), on }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 900, 9_000, 25_000, 20 * MINUTE_MS, 3 * HOUR_MS),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("step" as const),
      ms: fc.constantFrom(
        ...[29_000, 31_000, 2 * MINUTE_MS, HOUR_MS, 9 * HOUR_MS].flatMap((ms) => [ms, -ms]),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("freeze" as const),
      on,
      ms: fc.constantFrom(1_500, 9_000, 40_000),
    }),
  },
);

/** Processes of one application, one after the other or side by side, and a browser with tabs. */
class World {
  readonly clock = new TestClock();
  readonly events: SessionEvent[] = [];
  readonly cores: (SessionCore & { close(): Promise<void> })[];
  readonly #stallEnds: number[];
  /** What all tabs share. */
  jar = { access: "", refresh: "" };
  taken: string[] = [];
  #newestHeld = 0;
  handle = "";
  #generation = 0;
  #rotatedAtMonoMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly store: SessionStore,
    processes: number,
  ) {
    this.#stallEnds = Array.from({ length: processes }, () => Number.NEGATIVE_INFINITY);
    this.cores = this.#stallEnds.map((_, index) => {
      const core = createCore(
        {
          appInfo: APP_INFO,
          antiCsrf: "NONE",
          store,
          clock: this.clock,
          logger: silentLogger,
          refreshRateLimit: false,
          refreshGracePeriodSeconds: GRACE_MS / 1000,
          onEvent: (event) => this.events.push(event),
        },
        () => {
          throw new Error("no request here");
        },
      );
      // A clock that a test moves says nothing of how the process fares.
      Object.assign(core.engine, {
        stalls: () => ({ lastStallEndMonoMs: () => this.#stallEnds[index] }),
      });
      return core;
    });
  }

  async signIn(): Promise<void> {
    const session = await this.core(0).engine.tools.functions.createNewSession({
      userId: "user-1",
      recipeUserId: "user-1",
      tenantId: "public",
      accessTokenPayload: {},
      sessionData: {},
      disableAntiCsrf: true,
      userContext: {},
    });
    this.handle = session.getHandle();
    this.#keep(session);
  }

  core(on: number): SessionCore {
    return this.cores[on % this.cores.length] as SessionCore;
  }

  /** What the watch over a process does five times a second. */
  beat(): void {
    for (const { engine } of this.cores) engine.rotations.read();
  }

  standStill(on: number): void {
    this.#stallEnds[on % this.cores.length] = this.clock.monoMs();
  }

  async row() {
    return this.store.getSession(this.handle, 0);
  }

  /** Whether an honest client may still hold this token and send it. */
  async isHonest(refreshToken: string): Promise<boolean> {
    const generation = generationOf(refreshToken);
    if (generation >= this.#generation) return true;
    return generation === this.#generation - 1 && this.clock.monoMs() - this.#rotatedAtMonoMs <= GRACE_MS;
  }

  /**
   * A browser that was handed an older token after a newer one, and then lost the answer to its next request as
   * well, is one generation behind: after the grace period nothing tells it from a thief (docs/running.md).
   */
  async isBehind(): Promise<boolean> {
    if (await this.isHonest(this.jar.refresh)) return false;
    expect(this.#newestHeld, "the row has only what the client has held").toBe(this.#generation);
    return true;
  }

  /** @returns the answer of an honest client's refresh */
  async refresh(
    on: number,
    refreshToken: string,
    isLost: boolean,
    arrivedAtMonoMs?: number,
  ): Promise<string> {
    const answer = await this.#attempt(() =>
      this.core(on).engine.tools.functions.refreshSession({
        refreshToken,
        antiCsrfToken: undefined,
        disableAntiCsrf: true,
        arrivedAtMonoMs,
        userContext: {},
      }),
    );
    await this.#note();
    if (typeof answer === "string") return answer;
    if (!isLost) this.#keep(answer);
    return "200";
  }

  async use(on: number): Promise<string> {
    const answer = await this.#attempt(() =>
      this.core(on).engine.tools.functions.getSession({
        accessToken: this.jar.access,
        antiCsrfToken: undefined,
        options: { sessionRequired: true, antiCsrfCheck: false, checkDatabase: false },
        userContext: {},
      }),
    );
    await this.#note();
    if (typeof answer === "string") return answer;
    if (answer !== undefined) this.jar.access = answer.getAccessToken();
    return "200";
  }

  async #attempt<T>(call: () => Promise<T>): Promise<T | string> {
    try {
      return await call();
    } catch (error) {
      if (!SessionError.is(error)) throw error;
      return error.type;
    }
  }

  async #note(): Promise<void> {
    const generation = (await this.row())?.generation ?? this.#generation;
    if (generation > this.#generation) this.#rotatedAtMonoMs = this.clock.monoMs();
    this.#generation = generation;
  }

  #keep(session: SessionContainer): void {
    const { accessToken, refreshToken } = session.heldTokens;
    const refresh = refreshToken ?? this.jar.refresh;
    this.#newestHeld = Math.max(this.#newestHeld, generationOf(refresh));
    this.jar = { access: accessToken, refresh };
  }
}

function generationOf(refreshToken: string): number {
  return Number(refreshToken.split(".")[3]);
}

async function run(world: World, one: Step, hasHeartbeat: boolean): Promise<void> {
  switch (one.do) {
    case "take":
      world.taken.push(world.jar.refresh);
      return;
    case "refresh":
      expect(["200", "STORE_UNAVAILABLE"]).toContain(
        await world.refresh(one.on, world.jar.refresh, one.isLost),
      );
      return;
    case "send": {
      const token = world.taken.shift();
      if (token === undefined || !(await world.isHonest(token))) return;
      expect(["200", "STORE_UNAVAILABLE"]).toContain(await world.refresh(one.on, token, one.isLost));
      return;
    }
    case "use":
      expect(["200", "TRY_REFRESH_TOKEN", "STORE_UNAVAILABLE"]).toContain(await world.use(one.on));
      return;
    case "wait":
      world.clock.advanceMs(one.ms);
      if (hasHeartbeat) world.beat();
      return;
    case "step":
      world.clock.stepWallMs(one.ms);
      if (hasHeartbeat) world.beat();
      return;
    case "freeze": {
      const parked = world.jar.refresh;
      for (let n = 0; n < 2; n += 1) {
        await world.refresh(one.on + 1, world.jar.refresh, false);
        await world.use(one.on + 1);
      }
      world.clock.advanceMs(one.ms);
      world.standStill(one.on);
      if (hasHeartbeat) world.beat();
      expect(["200", "STORE_UNAVAILABLE"]).toContain(await world.refresh(one.on, parked, true));
    }
  }
}

const kinds = [
  { name: "one process, memory", processes: 1, open: () => new MemoryStore() },
  { name: "one process, SQLite", processes: 1, open: () => sqliteStore({ path: freshPath() }) },
  { name: "two processes, memory", processes: 2, open: () => new MemoryStore() },
  { name: "two processes, SQLite", processes: 2, open: () => sqliteStore({ path: freshPath() }) },
] as const;

describe.each(kinds)(
  "clocks that are set and processes that stand still: $name",
  ({ name, processes, open }) => {
    it("never sign an honest client out, and a thief is found all the same [sec TM-02, TM-03, R-08, R-18]", async () => {
      console.info(`clock model: MODEL_SEED=${SEED} MODEL_RUNS=${RUNS}`);
      const store = open();
      onTestFinished(() => store.close());
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: "max" }), async (steps) => {
          const world = new World(store, processes);
          await world.signIn();
          const stolen = world.jar.refresh;
          for (const one of steps) {
            if (one.do === "freeze" && processes === 1) continue;
            if (await world.isBehind()) return;
            await run(world, one, processes > 1);
            expect(world.events.filter(({ type }) => type === "theft")).toEqual([]);
            expect(await world.row(), `${name}: the session is there`).toBeDefined();
          }
          // No doubt lasts: a minute later the client goes on …
          world.clock.advanceMs(MINUTE_MS + 1);
          if (await world.isBehind()) return;
          for (let n = 0; n < 2; n += 1) {
            expect(await world.refresh(n, world.jar.refresh, false)).toBe("200");
            expect(await world.use(n)).toBe("200");
          }
          // … and whoever comes with the first token of all is found out, at the second try at the latest.
          let answer = "";
          for (let attempt = 0; attempt < 2 && answer !== "TOKEN_THEFT_DETECTED"; attempt += 1) {
            world.clock.advanceMs(GRACE_MS + 1);
            answer = await world.refresh(attempt, stolen, true);
            expect(["TOKEN_THEFT_DETECTED", "STORE_UNAVAILABLE"]).toContain(answer);
          }
          expect(answer).toBe("TOKEN_THEFT_DETECTED");
        }),
        { seed: SEED, numRuns: RUNS },
      );
    }, 300_000);
  },
);
