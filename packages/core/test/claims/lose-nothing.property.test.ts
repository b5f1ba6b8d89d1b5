import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import type { SessionClaimValidator } from "../../src/claims/claim-validator.js";
import { PrimitiveClaim } from "../../src/claims/index.js";
import { mergeClaimPatch } from "../../src/claims/merge-claim-patch.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionRow } from "../../src/store/session-store.js";
import { TestClock } from "../support/test-clock.js";

const KEYS = ["a", "b", "c"] as const;
const key = fc.constantFrom(...KEYS);

describe("merging patches", () => {
  const stamped = fc.record({ v: fc.integer(), t: fc.integer({ min: 0, max: 20 }) });
  const patch = fc.dictionary(key, fc.oneof(stamped, fc.constant(null), fc.integer()));

  it("the younger entry stays, whatever the order; other keys are not touched (O-19, O-20)", () => {
    const writes = fc.uniqueArray(stamped, { selector: ({ t }) => t, minLength: 1 });
    fc.assert(
      fc.property(writes, fc.dictionary(fc.constantFrom("x", "y"), fc.jsonValue()), (list, others) => {
        const start = { ...others, a: { v: 0, t: -1 } } as JsonObject;
        const end = list.reduce<JsonObject>(
          (payload, entry) => mergeClaimPatch(payload, { a: entry }, 1000),
          start,
        );
        expect(end).toEqual({ ...start, a: list.reduce((one, other) => (one.t > other.t ? one : other)) });
      }),
    );
  });

  it("is the plain merge for everything without an age, and never leaves a null of the patch", () => {
    fc.assert(
      fc.property(patch, patch, (stored, update) => {
        const merged = mergeClaimPatch(stored as JsonObject, update as JsonObject, 1000);
        for (const name of KEYS) {
          const wanted = update[name];
          if (wanted === undefined) expect(merged[name]).toEqual(stored[name]);
          else if (wanted === null) expect(name in merged).toBe(false);
          else if (typeof wanted === "number" || typeof stored[name] !== "object")
            expect(merged[name]).toEqual(wanted);
        }
      }),
    );
  });

  it("a server whose clock runs ahead does not shut out later writes; a removal always counts (O-20)", () => {
    const ahead = { a: { v: "old", t: 5000 } };
    expect(mergeClaimPatch(ahead, { a: { v: "new", t: 1000 } }, 1000)).toEqual({ a: { v: "new", t: 1000 } });
    expect(mergeClaimPatch(ahead, { a: { v: "older look", t: 999 } }, 1000)).toEqual(ahead);
    expect(mergeClaimPatch(ahead, { a: null }, 1000)).toEqual({});
  });

  it("what was fetched gives way to what was written since, also in the same millisecond", () => {
    const claim = new PrimitiveClaim<string>({ key: "a", fetchValue: () => "x" });
    const fetched = { claims: [claim], seen: { a: { v: "seen", t: 1 } } };
    const incoming = { a: { v: "fetched", t: 10 } };
    expect(mergeClaimPatch({ a: { v: "seen", t: 1 } }, incoming, 10, fetched)).toEqual(incoming);
    expect(mergeClaimPatch({ a: { v: "set", t: 10 } }, incoming, 10, fetched)).toEqual({
      a: { v: "set", t: 10 },
    });
    expect(mergeClaimPatch({ a: { v: "set", t: 9 } }, incoming, 10, fetched)).toEqual(incoming);
  });
});

/** The memory store, each step of which waits for its turn. */
class TurnStore extends MemoryStore {
  turn: () => Promise<unknown> = async () => undefined;

  override async getSession(handle: string, nowMs: number): Promise<SessionRow | undefined> {
    await this.turn();
    const row = await super.getSession(handle, nowMs);
    await this.turn();
    return row;
  }

  override async updateAccessTokenPayload(
    ...args: Parameters<MemoryStore["updateAccessTokenPayload"]>
  ): Promise<SessionRow | undefined> {
    await this.turn();
    const row = await super.updateAccessTokenPayload(...args);
    await this.turn();
    return row;
  }
}

type Step =
  | { kind: "set by handle" | "fetch by handle" | "fetch in a request"; name: (typeof KEYS)[number] }
  | { kind: "merge in a request" | "merge by handle" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("set by handle", "fetch by handle", "fetch in a request"), name: key }),
  fc.record({ kind: fc.constantFrom("merge in a request", "merge by handle") }),
) as fc.Arbitrary<Step>;

it("random interleavings of writes by handle and in requests lose nothing (O-19, O-20)", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 2, maxLength: 10 }),
      async (scheduler, steps) => {
        const clock = new TestClock();
        const store = new TurnStore();
        const { session } = bindSession(
          {
            appInfo: { appName: "t", apiDomain: "localhost", origin: "localhost" },
            store,
            clock,
            logger: silentLogger,
          },
          () => {
            throw new Error("no requests here");
          },
        );
        const truth: Record<string, number> = { a: 0, b: 0, c: 0 };
        const turn = (): Promise<unknown> => scheduler.schedule(Promise.resolve());
        const claims = Object.fromEntries(
          KEYS.map((name) => [
            name,
            new PrimitiveClaim<number>({
              key: name,
              fetchValue: async () => {
                const value = truth[name];
                await turn();
                return value;
              },
            }),
          ]),
        );
        const created = await session.createNewSessionWithoutRequestResponse("u", {
          ...Object.fromEntries(KEYS.map((name) => [name, { v: 0, t: clock.wallMs() }])),
        });
        const handle = created.getHandle();
        const token = created.getAccessToken();
        store.turn = turn;
        const run = async (one: Step, index: number): Promise<unknown> => {
          if (!("name" in one)) {
            const mine = { [`merged-${index}`]: index };
            if (one.kind === "merge by handle") return session.mergeIntoAccessTokenPayload(handle, mine);
            const found = await session.getSessionWithoutRequestResponse(token);
            return found.mergeIntoAccessTokenPayload(mine);
          }
          const claim = claims[one.name];
          if (claim === undefined) return undefined;
          if (one.kind === "fetch in a request") {
            const fetched: SessionClaimValidator = {
              id: one.name,
              claim,
              shouldRefetch: (_payload, _context, evaluation) => !evaluation?.isJustFetched(one.name),
              validate: () => ({ isValid: true }),
            };
            return session.getSessionWithoutRequestResponse(token, undefined, { require: [fetched] });
          }
          // The application changes its data, then tells the session.
          clock.advanceMs(1);
          truth[one.name] = index + 1;
          return one.kind === "set by handle"
            ? session.setClaimValue(handle, claim, index + 1)
            : session.fetchAndSetClaim(handle, claim);
        };
        const all = Promise.all(
          steps.map(async (one, index) => scheduler.schedule(Promise.resolve()).then(() => run(one, index))),
        );
        await scheduler.waitFor(all);
        store.turn = async () => undefined;
        const payload = (await session.getSessionInformation(handle))?.customClaimsInAccessTokenPayload;
        for (const name of KEYS) expect(payload?.[name]).toMatchObject({ v: truth[name] });
        steps.forEach(({ kind }, index) => {
          if (kind.startsWith("merge")) expect(payload).toHaveProperty(`merged-${index}`, index);
        });
        await session.close();
      },
    ),
    { numRuns: 150 },
  );
});
