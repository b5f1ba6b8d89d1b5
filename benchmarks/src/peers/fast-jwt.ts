import { parseCookie } from "cookie";
import { createVerifier } from "fast-jwt";
import { BenchRequest, browserHeaders, cutCookie } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";
import { publicPem } from "./public-pem.ts";

export const FAST_JWT_CACHE = "fast-jwt, cache";
export const COOKIE_FAST_JWT_CACHE = "cookie + fast-jwt, cache";

/**
 * fast-jwt's verifier, without its cache and with it: on a token that is cut out of the header in the cheapest way there
 * is, and as people write it, with the `cookie` package.
 */
export async function startFastJwt({ token, algorithm, jwk, userId }: SignedToken): Promise<Peer> {
  const key = publicPem(jwk);
  const headers = browserHeaders(`sAccessToken=${token}`);
  const cut = (header: string): string => cutCookie(header, "sAccessToken");
  const parsed = (header: string): string => parseCookie(header).sAccessToken ?? "";
  const verifying = (cache: boolean, tokenOf: (header: string) => string): (() => string) => {
    const verify = createVerifier({ key, cache, algorithms: [algorithm] });
    return () => {
      const req = new BenchRequest(headers);
      return verify(tokenOf(req.headers.cookie ?? "")).sub;
    };
  };
  const named = (name: string): string => (algorithm === "ES256" ? name : `${name}, ${algorithm}`);
  return {
    cases: [
      await asking(named("fast-jwt, no cache"), userId, verifying(false, cut)),
      await asking(named(FAST_JWT_CACHE), userId, verifying(true, cut)),
      await asking(named("cookie + fast-jwt, no cache"), userId, verifying(false, parsed)),
      await asking(named(COOKIE_FAST_JWT_CACHE), userId, verifying(true, parsed)),
    ],
    close: () => {},
  };
}
