import { importJWK, jwtVerify } from "jose";
import { BenchRequest, browserHeaders, cutCookie } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";

/** A cookie and `jwtVerify`, the key imported beforehand. */
export async function startJose({ token, algorithm, jwk, userId }: SignedToken): Promise<Peer> {
  const key = await importJWK(jwk, algorithm);
  const options = { algorithms: [algorithm] };
  const headers = browserHeaders(`sAccessToken=${token}`);
  const ask = async (): Promise<string | undefined> => {
    const req = new BenchRequest(headers);
    const { payload } = await jwtVerify(cutCookie(req.headers.cookie ?? "", "sAccessToken"), key, options);
    return payload.sub;
  };
  return { cases: [await asking(`jose jwtVerify, ${algorithm}`, userId, ask)], close: () => {} };
}
