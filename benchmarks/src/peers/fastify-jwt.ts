import fastifyJwt from "@fastify/jwt";
import { bearerHeaders } from "../request.ts";
import { captureFastify } from "./capture-fastify.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";
import { publicPem } from "./public-pem.ts";

/** `request.jwtVerify()` with the token in the Authorization header, which spares it the cookie. */
export async function startFastifyJwt(signed: SignedToken): Promise<Peer> {
  const { token, algorithm, jwk, userId } = signed;
  const publicKey = publicPem(jwk);
  const start = (cache: boolean) =>
    captureFastify(bearerHeaders(token), (app) =>
      app.register(fastifyJwt, {
        secret: { private: "", public: publicKey },
        verify: { algorithms: [algorithm], cache },
      }),
    );
  const [plain, cached] = [await start(false), await start(true)];
  const verifying =
    ({ request }: typeof plain) =>
    async (): Promise<string> =>
      (await request.jwtVerify<{ sub: string }>()).sub;
  return {
    cases: [
      await asking("@fastify/jwt, no cache", userId, verifying(plain)),
      await asking("@fastify/jwt, cache", userId, verifying(cached)),
    ],
    async close() {
      await plain.close();
      await cached.close();
    },
  };
}
