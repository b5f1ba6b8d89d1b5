import type { JsonObject } from "@acme/session-express";
import type { Route, SiteSession } from "./frameworks/framework.ts";

/** What came in, as the tests count it. */
export interface SiteRecord {
  readonly counters: { refreshAttempted: number; refreshSucceeded: number; guardedCalls: number };
  /** Hashes of the refresh tokens handed out. */
  readonly children: string[];
}

/** `iss` may be set to null; the newer protected names are left alone by a merge anyway. */
const OLDEST_RESERVED = new Set([
  "sub",
  "iat",
  "exp",
  "sessionHandle",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "antiCsrfToken",
]);

/** The routes that the client's own browser tests expect (wire-contract.md Appendix C), and a few of ours. */
export function siteRoutes(session: SiteSession, record: SiteRecord): readonly Route[] {
  return [
    {
      method: "post",
      path: "/login",
      async handle({ body, createNewSession }) {
        const userId = String(body.userId);
        await createNewSession(userId, body.payload as JsonObject | undefined);
        return { body: userId };
      },
    },
    {
      method: "get",
      path: "/",
      guard: {},
      handle({ guarded }) {
        record.counters.guardedCalls++;
        return { body: String(guarded?.getUserId()) };
      },
    },
    {
      // Refreshes, because it stands on the refresh path.
      method: "post",
      path: "/auth/session/refresh",
      guard: {},
      handle({ guarded }) {
        record.counters.refreshSucceeded++;
        record.children.push(String(guarded?.getAccessTokenPayload().refreshTokenHash1));
        return { body: "refresh success" };
      },
    },
    {
      method: "get",
      path: "/checked",
      guard: { checkDatabase: true },
      handle: ({ guarded }) => ({ body: String(guarded?.getUserId()) }),
    },
    { method: "post", path: "/write", guard: {}, handle: () => ({ body: "written" }) },
    {
      method: "get",
      path: "/update-jwt",
      guard: {},
      handle: ({ guarded }) => ({ body: { ...guarded?.getAccessTokenPayload() } }),
    },
    {
      method: "post",
      path: "/update-jwt",
      guard: {},
      async handle({ getSession, body }) {
        const found = await getSession();
        await found.mergeIntoAccessTokenPayload(replacement(found.getAccessTokenPayload(), body));
        return { body: found.getAccessTokenPayload() };
      },
    },
    {
      method: "post",
      path: "/update-jwt-with-handle",
      guard: {},
      async handle({ getSession, body }) {
        const found = await getSession();
        const patch = replacement(found.getAccessTokenPayload(), body);
        await session.mergeIntoAccessTokenPayload(found.getHandle(), patch);
        return { body: found.getAccessTokenPayload() };
      },
    },
    {
      method: "post",
      path: "/session-claims-error",
      guard: {
        overrideGlobalClaimValidators: () => [
          {
            id: "test-claim-failing",
            validate: () => ({ isValid: false, reason: { message: "testReason" } }),
          },
        ],
      },
      handle: () => ({ body: "never" }),
    },
    { method: "post", path: "/403-without-body", handle: () => ({ status: 403 }) },
    {
      method: "get",
      path: "/always-401",
      handle: () => ({ status: 401, body: "nothing to do with sessions" }),
    },
    {
      method: "post",
      path: "/logout",
      guard: {},
      async handle({ getSession }) {
        await (await getSession()).revokeSession();
        return { body: "success" };
      },
    },
    { method: "get", path: "/echo-headers", handle: ({ headers }) => ({ body: headers }) },
  ];
}

/** A patch that leaves nothing of a payload but what is protected, and sets what the body says. */
function replacement(payload: object, body: JsonObject): JsonObject {
  const erased = Object.keys(payload)
    .filter((key) => !OLDEST_RESERVED.has(key))
    .map((key) => [key, null]);
  return { ...Object.fromEntries(erased), ...body };
}
