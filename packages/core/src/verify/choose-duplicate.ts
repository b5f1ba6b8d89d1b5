import { SessionError } from "../errors/session-error.js";
import { tryRefreshToken } from "../errors/throwers.js";
import type { Maybe } from "../platform/platform.js";
import type { AccessTokenVerifier } from "./access-token-verifier.js";
import type { VerifiedToken } from "./verified-token-cache.js";

/** Signature checks that cookies under one name are worth; a stranger can send as many as a header holds. */
const MAX_CHECKS = 2;

/**
 * The browser holds several access cookies of different domains or paths (wire-contract.md D-6): the newest of those of
 * ours that verify, if all of them belong to one session. Those in the cache cost nothing; of others two are checked at most.
 *
 * @param values what was sent under the one name
 * @param onMixed called before the error when a refresh alone would not help: somebody has planted tokens
 * @returns undefined when none is a token of ours
 * @throws SessionError `TRY_REFRESH_TOKEN` when none verifies, when several sessions are mixed, or when more of them than
 *         two may be ours
 */
export async function chooseDuplicate(
  verifier: AccessTokenVerifier,
  values: Iterable<string>,
  onMixed: () => Maybe<void> = () => {},
): Promise<VerifiedToken | undefined> {
  const ours = await verifier.ours(values);
  const [only] = ours;
  if (only === undefined) return undefined;
  if (ours.length === 1) return verifier.verify(only);
  const { known, unknown } = verifier.sift(ours);
  if (unknown.length > MAX_CHECKS) {
    await onMixed();
    throw tryRefreshToken("many access tokens were sent under one name");
  }
  const verified: VerifiedToken[] = [];
  for (const value of [...known, ...unknown]) {
    try {
      const token = await verifier.verify(value);
      if (token !== undefined) verified.push(token);
    } catch (error) {
      // Its session has ended, or it was never ours: the others decide.
      const isDead =
        SessionError.is(error) && (error.type === "TRY_REFRESH_TOKEN" || error.type === "UNAUTHORISED");
      if (!isDead) throw error;
    }
  }
  const [first] = verified;
  if (first === undefined) {
    throw tryRefreshToken("none of the access tokens sent under one name is valid");
  }
  if (verified.some(({ payload }) => payload.sessionHandle !== first.payload.sessionHandle)) {
    await onMixed();
    throw tryRefreshToken("access tokens of several sessions were sent under one name");
  }
  return verified.sort((a, b) => b.payload.iat - a.payload.iat || b.payload.exp - a.payload.exp)[0];
}
