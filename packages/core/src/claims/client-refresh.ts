import { SessionError } from "../errors/session-error.js";
import { isPlainObject } from "../runtime/json.js";
import { BoundedMap } from "../runtime/lru.js";
import type { ClaimEndpoint } from "./claim-endpoint.js";
import type { SessionClaim } from "./session-claim.js";

const MAX_SESSIONS = 10_000;

/**
 * `POST /session/claims/refresh` with `{"claims": ["st-role"]}`: lets the browser have claims fetched that are declared
 * `clientRefreshable`, no more often than their `minRefetchSeconds` (claims.md O-37).
 *
 * Answers `{status: "OK", refreshed: […], tooSoon: […]}`.
 */
export function clientRefreshEndpoint(claims: readonly SessionClaim<unknown>[]): ClaimEndpoint | undefined {
  const refreshable = new Map(
    claims.filter(({ policy }) => policy.clientRefreshable).map((claim) => [claim.key, claim]),
  );
  if (refreshable.size === 0) return undefined;
  const lastMs = new BoundedMap<string, number>(MAX_SESSIONS);
  return {
    method: "POST",
    path: "/session/claims/refresh",
    sessionRequired: true,
    async handle({ session, body, userContext, nowMs }) {
      const wanted = listIn(await body());
      const refreshed: string[] = [];
      const tooSoon: string[] = [];
      for (const key of wanted) {
        const claim = refreshable.get(key);
        if (claim === undefined || session === undefined)
          throw badInput("a claim that cannot be refreshed from a browser");
        const id = `${session.getHandle()} ${key}`;
        const before = lastMs.get(id);
        if (before !== undefined && Math.abs(nowMs - before) < claim.policy.minRefetchSeconds * 1000) {
          tooSoon.push(key);
          continue;
        }
        lastMs.set(id, nowMs);
        await session.fetchAndSetClaim(claim, userContext);
        refreshed.push(key);
      }
      return { status: "OK", refreshed, tooSoon };
    },
  };
}

function listIn(body: unknown): string[] {
  const claims = isPlainObject(body) ? body.claims : undefined;
  if (!Array.isArray(claims) || !claims.every((key) => typeof key === "string")) {
    throw badInput('the body must be {"claims": [names]}');
  }
  return [...new Set(claims)];
}

function badInput(message: string): SessionError<"BAD_INPUT_ERROR"> {
  return new SessionError({ type: "BAD_INPUT_ERROR", message });
}
