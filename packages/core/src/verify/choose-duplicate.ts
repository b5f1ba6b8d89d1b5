import { SessionError } from "../errors/session-error.js";
import { tryRefreshToken } from "../errors/throwers.js";
import type { AccessTokenVerifier } from "./access-token-verifier.js";
import type { VerifiedToken } from "./verified-token-cache.js";

/**
 * The browser holds two access cookies of different domains (wire-contract.md D-6): the newest of those that verify, if
 * all of them belong to one session.
 *
 * @param values what was sent under the one name
 * @returns undefined when none has the shape of a token of ours
 * @throws SessionError `TRY_REFRESH_TOKEN` when none verifies, or several sessions are mixed
 */
export async function chooseDuplicate(
  verifier: AccessTokenVerifier,
  values: Iterable<string>,
): Promise<VerifiedToken | undefined> {
  const verified: VerifiedToken[] = [];
  let sawOurs = false;
  for (const value of new Set(values)) {
    try {
      const token = await verifier.verify(value);
      if (token !== undefined) verified.push(token);
    } catch (error) {
      if (!SessionError.is(error) || error.type !== "TRY_REFRESH_TOKEN") throw error;
      sawOurs = true;
    }
  }
  const [first] = verified;
  if (first === undefined) {
    if (!sawOurs) return undefined;
    throw tryRefreshToken("none of the access tokens sent under one name is valid");
  }
  if (verified.some(({ payload }) => payload.sessionHandle !== first.payload.sessionHandle)) {
    throw tryRefreshToken("access tokens of several sessions were sent under one name");
  }
  return verified.sort((a, b) => b.payload.iat - a.payload.iat || b.payload.exp - a.payload.exp)[0];
}
