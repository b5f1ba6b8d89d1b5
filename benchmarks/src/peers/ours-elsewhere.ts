import { createAccessTokenVerifier } from "@acme/session-core/verify";
import { BenchRequest, browserHeaders } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";

export const OURS_ELSEWHERE = {
  cached: "ours, verification alone, cached",
  tokenCached: "ours, verification alone, cached, the bare token",
  uncached: "ours, verification alone, not cached",
} as const;

/** The entry for services without a store: by the public key alone, no session made. */
export async function startOursElsewhere({ token, jwk, userId }: SignedToken): Promise<Peer> {
  const headers = browserHeaders(`sAccessToken=${token}`);
  const cached = createAccessTokenVerifier({ keys: [jwk] });
  const uncached = createAccessTokenVerifier({ keys: [jwk], verifiedTokenCache: false });
  const asked = (verifier: typeof cached) => async (): Promise<string> =>
    (await verifier.verify(new BenchRequest(headers))).sub;
  return {
    cases: [
      await asking(OURS_ELSEWHERE.cached, userId, asked(cached)),
      await asking(OURS_ELSEWHERE.tokenCached, userId, async () => (await cached.verify(token)).sub),
      await asking(OURS_ELSEWHERE.uncached, userId, asked(uncached)),
    ],
    close: () => {},
  };
}
