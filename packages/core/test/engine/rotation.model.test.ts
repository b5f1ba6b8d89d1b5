import { randomInt } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SessionRow } from "../../src/store/session-store.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { putRow, rowOf } from "../support/store-rows.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";
import { type ModelAccessToken, SessionModel } from "./rotation-model.js";

/** `MODEL_SEED=… MODEL_RUNS=…` repeat a run or make it longer. */
const SEED = Number(process.env.MODEL_SEED ?? randomInt(2 ** 31));
const RUNS = Number(process.env.MODEL_RUNS ?? 200);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SETTINGS = {
  accessValidityMs: 900_000,
  refreshValidityMs: 100 * DAY_MS,
  absoluteLifetimeMs: 365 * DAY_MS,
  graceMs: 30_000,
};

let apps: [TestApp, TestApp];
beforeAll(async () => {
  const app = await startApp({ refreshRateLimit: false });
  apps = [app, await app.sibling()];
});
afterAll(async () => {
  for (const app of apps) await app.close();
});

type Step =
  | { do: "create" }
  | { do: "refresh"; session: number; token: number; on: 0 | 1; isResponseLost: boolean }
  | { do: "use"; session: number; token: number; on: 0 | 1; checkDatabase: boolean; isResponseLost: boolean }
  | { do: "revoke" | "roll back"; session: number; on: 0 | 1 }
  | { do: "wait"; ms: number };

const on = fc.constantFrom(0 as const, 1 as const);
/** Counted from the newest, so that small numbers are the likely choices of a real client. */
const fromNewest = fc.nat(5);
const session = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant("create" as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("refresh" as const),
      session,
      token: fromNewest,
      on,
      isResponseLost: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("use" as const),
      session,
      token: fromNewest,
      on,
      checkDatabase: fc.boolean(),
      isResponseLost: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("revoke" as const, "roll back" as const), session, on }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(
        1,
        999,
        15_000,
        30_000,
        30_001,
        20 * MINUTE_MS,
        60 * MINUTE_MS,
        DAY_MS,
        99 * DAY_MS,
      ),
    }),
  },
);

/** One real session beside its model. */
class Twin {
  readonly refreshTokens: { number: number; text: string }[] = [];
  readonly accessTokens: { model: ModelAccessToken; text: string }[] = [];
  readonly rows: SessionRow[] = [];
  /** The processes that have revoked it. */
  readonly endedOn = new Set<number>();

  constructor(
    readonly handle: string,
    readonly model: SessionModel,
  ) {}

  /** Puts down what a response that arrived has brought. */
  keep(response: WireResponse, child: number | undefined, accessToken: ModelAccessToken | undefined): void {
    const refresh = response.header("st-refresh-token");
    expect(refresh !== undefined, "a new refresh token").toBe(child !== undefined);
    if (child !== undefined) this.refreshTokens.push({ number: child, text: refresh as string });
    const access = response.header("st-access-token");
    expect(access !== undefined, "a new access token").toBe(accessToken !== undefined);
    if (accessToken !== undefined) this.accessTokens.push({ model: accessToken, text: access as string });
  }
}

describe("rotation against its model", () => {
  it("answers as the specification says, whatever clients, thieves, networks and stores do [wire Z-1…Z-16, R-6…R-10, G-13…G-15b, G-17] [sec R-06…R-14]", async () => {
    console.info(`rotation model: MODEL_SEED=${SEED} MODEL_RUNS=${RUNS}`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: "max" }), async (steps) => {
        const twins: Twin[] = [await create()];
        for (const one of steps) await run(one, twins);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 300_000);

  it("never calls an honest client a thief, however many responses are lost and however often the store falls back [wire Z-1…Z-3, Z-5, Z-6, Z-9, R-9, R-12] [sec R-06, R-07, R-08, R-12]", async () => {
    const honest = fc.record({
      act: fc.constantFrom("refresh", "use", "refresh", "use", "roll back"),
      on,
      isResponseLost: fc.boolean(),
      waitMs: fc.constantFrom(0, 1, 15_000, 60_000, DAY_MS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(honest, { minLength: 5, maxLength: 30, size: "max" }), async (steps) => {
        const twin = await create();
        const client = apps[0].client("header");
        client.accessToken = twin.accessTokens[0]?.text;
        client.refreshToken = twin.refreshTokens[0]?.text;
        for (const one of steps) {
          apps[0].clock.advanceMs(one.waitMs);
          if (one.act === "roll back") {
            // A store that fell back; then at least one request succeeds before it falls back again.
            const older = twin.rows.pop();
            if (older === undefined) continue;
            await putRow(apps[0].store, older);
            twin.rows.length = 0;
          }
          const before = await rowOf(apps[0].store, twin.handle);
          const path = one.act === "use" ? "/me" : "/auth/session/refresh";
          const bearer = one.act === "use" ? client.accessToken : client.refreshToken;
          const method = one.act === "use" ? "GET" : "POST";
          const response = await send(apps[one.on].origin, method, path, {
            authorization: `Bearer ${bearer}`,
          });
          expect(outcome(response)).not.toContain("theft");
          if (response.status === 401 && one.act === "refresh") {
            // Two generations ahead of a store that fell back: the only honest way to lose a session.
            expect(apps.flatMap(({ events }) => events).some(({ type }) => type === "store_regression")).toBe(
              true,
            );
            return;
          }
          if (!one.isResponseLost) client.keep(response);
          await notePromotion(twin, before);
        }
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 300_000);

  it("no thief survives one rotation of the victim plus the grace period [wire Z-4, Z-12, Z-13, Z-16] [sec R-10]", async () => {
    const act = fc.record({
      who: fc.constantFrom("victim", "thief"),
      act: fc.constantFrom("refresh", "use"),
      on,
      waitMs: fc.constantFrom(0, 1, 15_000, 31_000, 20 * MINUTE_MS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12, size: "max" }), fc.nat(12), async (steps, theftAt) => {
        const victim = apps[0].client("header");
        await victim.send("POST", "/login");
        let thief: WireClient | undefined;
        const turn = async (client: WireClient, what: string, at: 0 | 1): Promise<void> => {
          const bearer = what === "use" ? client.accessToken : client.refreshToken;
          if (bearer === undefined) return;
          const [method, path] = what === "use" ? ["GET", "/me"] : ["POST", "/auth/session/refresh"];
          client.keep(await send(apps[at].origin, method, path, { authorization: `Bearer ${bearer}` }));
        };
        for (const [index, one] of steps.entries()) {
          if (index === theftAt) thief = victim.copy();
          apps[0].clock.advanceMs(one.waitMs);
          if (one.who === "victim" || thief !== undefined) {
            await turn(one.who === "victim" ? victim : (thief as WireClient), one.act, one.on);
          }
        }
        thief ??= victim.copy();
        for (const client of [victim, thief, victim]) {
          apps[0].clock.advanceMs(SETTINGS.graceMs + 1);
          await turn(client, "refresh", 0);
          await turn(client, "use", 1);
        }
        expect(
          [victim.refreshToken, thief.refreshToken].filter((token) => token !== undefined).length,
        ).toBeLessThan(2);
        apps[0].clock.advanceMs(1);
        await turn(thief, "refresh", 1);
        await turn(victim, "refresh", 0);
        expect([victim.refreshToken, thief.refreshToken]).toEqual([undefined, undefined]);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  }, 300_000);
});

async function create(): Promise<Twin> {
  apps[0].clock.advanceSeconds(1);
  const nowMs = apps[0].clock.wallMs();
  const response = await send(apps[0].origin, "POST", "/login", { "st-auth-mode": "header" });
  const model = new SessionModel(SETTINGS, nowMs);
  const twin = new Twin((response.json as { handle: string }).handle, model);
  twin.keep(response, 0, model.firstAccessToken(nowMs));
  return twin;
}

async function run(one: Step, twins: Twin[]): Promise<void> {
  // An unknown key id is looked up at most once a second, and steps may cross a key rotation.
  apps[0].clock.advanceSeconds(1);
  if (one.do === "create") {
    twins.push(await create());
    return;
  }
  if (one.do === "wait") {
    apps[0].clock.advanceMs(one.ms);
    return;
  }
  const twin = twins[one.session % twins.length] as Twin;
  const app = apps[one.on];
  const nowMs = app.clock.wallMs();
  switch (one.do) {
    case "revoke":
      expect(await app.session.revokeSession(twin.handle)).toBe(twin.model.revoke(nowMs));
      twin.endedOn.add(one.on);
      return;
    case "roll back": {
      // A row that was deleted stays deleted: nothing brings a revoked session back.
      if (twin.model.rollBack()) await putRow(app.store, twin.rows.pop() as SessionRow);
      return;
    }
    case "refresh": {
      const presented = twin.refreshTokens.at(-1 - (one.token % twin.refreshTokens.length));
      const before = await rowOf(app.store, twin.handle);
      const thefts = app.events.filter(({ type }) => type === "theft").length;
      const response = await send(app.origin, "POST", "/auth/session/refresh", {
        authorization: `Bearer ${presented?.text}`,
      });
      const expected = twin.model.refresh(presented?.number as number, nowMs);
      const said = response.status === 200 ? "ok" : (response.json as { message: string }).message;
      expect(said).toBe({ ok: "ok", gone: "unauthorised", theft: "token theft detected" }[expected.answer]);
      expect(app.events.filter(({ type }) => type === "theft").length - thefts).toBe(
        expected.answer === "theft" ? 1 : 0,
      );
      if (expected.answer === "theft") twin.endedOn.add(one.on);
      if (expected.answer === "ok") {
        // A child is the same text every time.
        const known = twin.refreshTokens.find(({ number }) => number === expected.child);
        if (known !== undefined) expect(response.header("st-refresh-token")).toBe(known.text);
        await notePromotion(twin, before);
        if (!one.isResponseLost) twin.keep(response, expected.child, expected.accessToken);
      }
      return;
    }
    case "use": {
      const presented = twin.accessTokens.at(-1 - (one.token % twin.accessTokens.length));
      const before = await rowOf(app.store, twin.handle);
      const response = await send(app.origin, "GET", one.checkDatabase ? "/checked" : "/me", {
        authorization: `Bearer ${presented?.text}`,
      });
      const token = presented?.model as ModelAccessToken;
      const expected = twin.model.use(token, one.checkDatabase, twin.endedOn.has(one.on), nowMs);
      const wanted =
        expected.answer === "ok"
          ? expected.accessToken === undefined
            ? "session"
            : "session + tokens"
          : { "try-refresh": "401-TRY", gone: "401-KEEP" }[expected.answer];
      expect(outcome(response)).toBe(wanted);
      await notePromotion(twin, before);
      if (expected.answer === "ok" && !one.isResponseLost)
        twin.keep(response, undefined, expected.accessToken);
    }
  }
}

/** Keeps the row a promotion has replaced, for a store that falls back to it. */
async function notePromotion(twin: Twin, before: SessionRow | undefined): Promise<void> {
  const after = await rowOf(apps[0].store, twin.handle);
  if (before !== undefined && after !== undefined && after.generation > before.generation)
    twin.rows.push(before);
}
