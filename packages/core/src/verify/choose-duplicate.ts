import { tryRefreshToken } from "../errors/throwers.js";
import type { Maybe } from "../platform/platform.js";
import type { AccessTokenVerifier, Identified } from "./access-token-verifier.js";
import type { VerifiedToken } from "./verified-token-cache.js";

/** Signature checks that live tokens under one name are worth, and as many for expired ones; a stranger can send any number. */
const MAX_CHECKS = 2;

/**
 * The browser holds several access cookies of different domains or paths (wire-contract.md D-6): the newest of those of
 * ours that verify, if all of them belong to one session. An expired one of another session counts, too: it may be the
 * user's own, and the live one beside it planted. Those in the cache cost nothing; of others two are checked at most, and
 * two that have expired.
 *
 * @param values what was sent under the one name
 * @param onMixed called before the error when a refresh alone would not help: somebody has planted tokens
 * @returns undefined when none is a token of ours
 * @throws SessionError `TRY_REFRESH_TOKEN` when none verifies, when several sessions are mixed, or when more than are
 *         checked may be ours
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
  const { known, unknown, expired } = verifier.sift(ours);
  if (unknown.length > MAX_CHECKS) return refuse(onMixed, "many");
  const found = await identifyAll(verifier, [...known, ...unknown]);
  const live = found.flatMap((token) => token.live ?? []);
  const [first] = live;
  if (first === undefined) {
    throw tryRefreshToken("none of the access tokens sent under one name is valid");
  }
  const { sessionHandle } = first.payload;
  const others = [...expired.keys()].filter((text) => expired.get(text) !== sessionHandle);
  if (others.length > MAX_CHECKS) return refuse(onMixed, "many expired");
  found.push(...(await identifyAll(verifier, others)));
  if (found.some(({ payload }) => payload.sessionHandle !== sessionHandle)) {
    return refuse(onMixed, "several sessions'");
  }
  return live.sort((a, b) => b.payload.iat - a.payload.iat || b.payload.exp - a.payload.exp)[0];
}

async function identifyAll(verifier: AccessTokenVerifier, texts: readonly string[]): Promise<Identified[]> {
  const found: Identified[] = [];
  for (const text of texts) {
    const token = await verifier.identify(text);
    if (token !== undefined) found.push(token);
  }
  return found;
}

async function refuse(onMixed: () => Maybe<void>, what: string): Promise<never> {
  await onMixed();
  throw tryRefreshToken(`${what} access tokens were sent under one name`);
}
