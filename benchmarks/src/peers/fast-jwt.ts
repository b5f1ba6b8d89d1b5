import { createVerifier } from "fast-jwt";
import { BenchRequest, browserHeaders, cutCookie } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";
import { publicPem } from "./public-pem.ts";

/** A cookie and fast-jwt's verifier, without its cache and with it. */
export async function startFastJwt({ token, algorithm, jwk, userId }: SignedToken): Promise<Peer> {
  const key = publicPem(jwk);
  const headers = browserHeaders(`sAccessToken=${token}`);
  const verifying = (cache: boolean): (() => string) => {
    const verify = createVerifier({ key, cache, algorithms: [algorithm] });
    return () => {
      const req = new BenchRequest(headers);
      return verify(cutCookie(req.headers.cookie ?? "", "sAccessToken")).sub;
    };
  };
  return {
    cases: [
      await asking("fast-jwt, no cache", userId, verifying(false)),
      await asking("fast-jwt, cache", userId, verifying(true)),
    ],
    close: () => {},
  };
}
