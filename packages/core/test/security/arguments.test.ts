import { mkdtempSync, rmSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import { PrimitiveClaim } from "../../src/claims/primitive-claim.js";
import { SessionError } from "../../src/errors/session-error.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { sqliteStore } from "../../src/sqlite/index.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { SessionStore } from "../../src/store/session-store.js";
import { APP_INFO, type Session, wrap } from "../support/http-app.js";
import { SpyStore } from "../support/spy-store.js";

/** What a caller may hand in by a slip, whatever the type says. */
const WRONG: readonly [name: string, value: unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["NaN", Number.NaN],
  ["a boolean", true],
  ["a big integer", 5n],
  ["a symbol", Symbol("x")],
  ["a function", () => {}],
  ["an empty object", {}],
  ["an object without a prototype", Object.create(null)],
  ["a frozen object", Object.freeze({})],
  ["a list", ["x"]],
  ["a list of numbers", [1]],
  ["a date", new Date(0)],
  ["an empty text", ""],
  ["a text with U+0000", "a\0b"],
  ["half a surrogate pair", "\ud800"],
  ["10 MB of text", "x".repeat(10_000_000)],
  ["a text of SQL", "' OR 1=1 --"],
];

/** The errors that say that the caller is mistaken, or that a client's token is none. */
const MISTAKES = [
  "INVALID_ARGUMENT",
  "INVALID_OPTION",
  "INVALID_PAYLOAD",
  "PAYLOAD_TOO_LARGE",
  "RESERVED_CLAIM_NAME",
  "UNAUTHORISED",
  "TRY_REFRESH_TOKEN",
];

const claim = new PrimitiveClaim<string>({ key: "plan", fetchValue: () => "free" });
const request = (): [IncomingMessage, ServerResponse] => {
  const req = Object.assign(new IncomingMessage(new Socket()), { method: "GET", url: "/" });
  return [req, new ServerResponse(req)];
};

/** Every function that takes arguments, with right ones; how many in front are left as they are. */
const CALLS: Partial<Record<keyof Session, { right(handle: string): unknown[]; fixed?: number }>> = {
  createNewSession: { right: () => [...request(), "u", {}, {}, {}], fixed: 2 },
  createNewSessionWithoutRequestResponse: { right: () => ["u", {}, {}, false, {}] },
  getSession: { right: () => [...request(), { sessionRequired: false }, {}], fixed: 2 },
  getSessionWithoutRequestResponse: { right: () => ["token", "anti", { sessionRequired: true }, {}] },
  refreshSession: { right: () => [...request(), {}], fixed: 2 },
  refreshSessionWithoutRequestResponse: { right: () => ["token", true, "anti", {}] },
  revokeSession: { right: (handle) => [handle, {}] },
  revokeMultipleSessions: { right: (handle) => [[handle], {}] },
  revokeAllSessionsForUser: { right: () => ["nobody", "public", {}] },
  revokeAllSessions: { right: () => [{ tenantId: "nowhere" }, {}] },
  getAllSessionHandlesForUser: { right: () => ["u", "public", {}] },
  getSessionInformation: { right: (handle) => [handle, {}] },
  updateSessionData: { right: (handle) => [handle, {}, {}] },
  updateSessionDataInDatabase: { right: (handle) => [handle, {}, {}] },
  mergeIntoAccessTokenPayload: { right: (handle) => [handle, {}, {}] },
  fetchAndSetClaim: { right: (handle) => [handle, claim, {}] },
  setClaimValue: { right: (handle) => [handle, claim, "free", {}] },
  getClaimValue: { right: (handle) => [handle, claim, {}] },
  removeClaim: { right: (handle) => [handle, claim, {}] },
  updateClaimForUser: { right: () => ["u", claim, {}, {}] },
  validateClaimsForSessionHandle: { right: (handle) => [handle, () => [], {}] },
  createJWT: { right: () => [{}, 60, true] },
  withdrawKey: { right: () => ["d-unknown"] },
  withdrawSecret: { right: () => ["unknown"] },
};
/** They take none, or nothing that could be wrong. */
const WITHOUT = [
  "Error",
  "getJWKS",
  "getOpenIdDiscoveryConfiguration",
  "getAllCORSHeaders",
  "getAllExposedHeaders",
  "getRequestFromUserContext",
  "ready",
  "listSecrets",
  "deleteExpiredSessions",
  "close",
];

const directory = mkdtempSync(join(tmpdir(), "arguments-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each<[string, () => SessionStore]>([
  ["memory", () => new MemoryStore()],
  ["SQLite", () => sqliteStore({ path: join(directory, "sessions.db") })],
])("a caller's mistake is no outage (%s)", (_, makeStore) => {
  const events: string[] = [];
  let session: Session;
  let handle: string;

  beforeAll(async () => {
    ({ session } = bindSession<IncomingMessage, ServerResponse>(
      {
        appInfo: APP_INFO,
        store: makeStore(),
        logger: silentLogger,
        claims: [claim],
        onEvent: ({ type }) => void events.push(type),
      },
      wrap,
    ));
    handle = (await session.createNewSessionWithoutRequestResponse("victim")).getHandle();
  });
  afterAll(() => session.close());

  it("all functions are looked at", () => {
    expect([...Object.keys(CALLS), ...WITHOUT].sort()).toEqual(Object.keys(session).sort());
  });

  for (const [name, { right, fixed = 0 }] of Object.entries(CALLS)) {
    it(`${name}: wrong arguments are a typed error, or nobody is found; nothing else happens`, async () => {
      const call = session[name as keyof Session] as (...given: unknown[]) => Promise<unknown>;
      const spare = (await session.createNewSessionWithoutRequestResponse("spare")).getHandle();
      const count = right(spare).length;
      const surprises: unknown[] = [];
      for (let at = fixed; at < count; at += 1) {
        for (const [what, value] of WRONG) {
          const given = right(name.startsWith("revoke") ? "0".repeat(32) : spare);
          given[at] = value;
          let answer: Promise<unknown>;
          try {
            answer = call(...given);
          } catch (error) {
            surprises.push([at, what, "thrown at once", error]);
            continue;
          }
          await answer.catch((error: unknown) => {
            if (!SessionError.is(error) || !MISTAKES.includes(error.type)) surprises.push([at, what, error]);
          });
        }
      }
      expect(surprises).toEqual([]);
      expect(events).not.toContain("store_unavailable");
      expect(await session.getSessionInformation(handle)).toBeDefined();
    });
  }

  it("a handle that no session can have is simply not there", async () => {
    for (const none of ["a\0b", "\ud800", "x".repeat(10_000_000), "", "' OR 1=1 --"]) {
      expect(await session.revokeSession(none)).toBe(false);
      expect(await session.revokeMultipleSessions([none])).toEqual([]);
      expect(await session.getSessionInformation(none)).toBeUndefined();
      expect(await session.updateSessionData(none, {})).toBe(false);
      expect(await session.mergeIntoAccessTokenPayload(none, { a: 1 })).toBe(false);
      expect(await session.fetchAndSetClaim(none, claim)).toBe(false);
      expect(await session.getClaimValue(none, claim)).toEqual({ status: "SESSION_DOES_NOT_EXIST_ERROR" });
      expect(await session.validateClaimsForSessionHandle(none)).toEqual({
        status: "SESSION_DOES_NOT_EXIST_ERROR",
      });
    }
  });

  it("no store is asked for a handle, or a key, that is too long to be one", async () => {
    const store = new SpyStore();
    const { session: own } = bindSession<IncomingMessage, ServerResponse>(
      { appInfo: APP_INFO, store, logger: silentLogger },
      wrap,
    );
    for (const tooLong of ["x".repeat(129), "ä".repeat(65)]) {
      expect(await own.getSessionInformation(tooLong)).toBeUndefined();
      expect(await own.revokeSession(tooLong)).toBe(false);
    }
    await own.withdrawKey("x".repeat(257));
    expect(store.calls).toEqual([]);
    // Just as long as one may be.
    await own.getSessionInformation("x".repeat(128));
    expect(store.calls).toEqual(["getSession"]);
    await own.close();
  });

  it.each([undefined, null, 5, {}, ["h"]])("a handle that is %o is a mistake", async (wrong) => {
    const asHandle = wrong as string;
    for (const call of [
      () => session.revokeSession(asHandle),
      () => session.revokeMultipleSessions([asHandle]),
      () => session.getSessionInformation(asHandle),
      () => session.updateSessionData(asHandle, {}),
      () => session.mergeIntoAccessTokenPayload(asHandle, {}),
      () => session.fetchAndSetClaim(asHandle, claim),
    ]) {
      await expect(call()).rejects.toMatchObject({ type: "INVALID_ARGUMENT" });
    }
    await expect(session.revokeMultipleSessions("h" as never)).rejects.toMatchObject({
      type: "INVALID_ARGUMENT",
    });
  });

  it("revoking is never widened by a tenant id that went missing on the way", async () => {
    for (const tenantId of [null, 5, "", {}, "a b"]) {
      await expect(session.revokeAllSessionsForUser("victim", tenantId as string)).rejects.toMatchObject({
        type: "INVALID_ARGUMENT",
      });
    }
    for (const scope of [undefined, null, {}, { tenantId: null }, { tenantId: "" }, "public", 5]) {
      await expect(session.revokeAllSessions(scope as never)).rejects.toMatchObject({
        type: expect.stringMatching(/^INVALID_(ARGUMENT|OPTION)$/),
      });
    }
    expect(await session.getSessionInformation(handle)).toBeDefined();
  });
});
