import { createPublicKey, verify } from "node:crypto";
import { createSession, MemoryStore, silentLogger } from "@acme/session-express";
import { type Case, type Measured, measure } from "../measure.ts";
import { startPeer } from "../peers/supertokens.ts";
import { browserHeaders, makeRequest, makeResponse } from "../request.ts";

const appInfo = {
  appName: "bench",
  apiDomain: "https://api.example.com",
  websiteDomain: "https://example.com",
};

/** Name of the case everything is compared with. */
export const RAW = "raw ES256 crypto.verify";
export const PEER = "supertokens-node getSession";

/** One verified request: ours with the token cached and not, the peer, and the signature check alone. */
export async function getSessionSuite(rounds: number): Promise<Measured[]> {
  const store = new MemoryStore();
  const base = { appInfo, store, logger: silentLogger };
  const cached = createSession(base);
  const uncached = createSession({ ...base, verifiedTokenCache: false });
  const created = await cached.createNewSessionWithoutRequestResponse("user-1", { plan: "pro" });
  const token = created.getAccessToken();
  const headers = browserHeaders(token);
  const jwks = await cached.getJWKS();
  const peer = await startPeer(jwks);
  try {
    await assertSame(headers, cached, uncached, peer);
    return await measure(
      [
        raw(token, jwks),
        guarded("getSession, token cached", cached, headers),
        guarded("getSession, token not cached", uncached, headers),
        guarded(PEER, peer, headers),
      ],
      rounds,
    );
  } finally {
    peer.close();
    await cached.close();
  }
}

interface Guard {
  getSession(req: never, res: never): Promise<{ getUserId(): string } | undefined>;
}

function guarded(name: string, guard: Guard, headers: Record<string, string>): Case {
  return {
    name,
    async run(count) {
      for (let i = 0; i < count; i++) {
        const session = await guard.getSession(makeRequest(headers) as never, makeResponse() as never);
        if (session === undefined) throw new Error(`${name}: no session`);
      }
    },
  };
}

function raw(token: string, jwks: { keys: unknown[] }): Case {
  const key = createPublicKey({ key: jwks.keys[0] as never, format: "jwk" });
  const [header, payload, signature] = token.split(".");
  const bytes = Buffer.from(`${header}.${payload}`);
  const sig = Buffer.from(signature ?? "", "base64url");
  return {
    name: RAW,
    run(count) {
      for (let i = 0; i < count; i++) {
        if (!verify("sha256", bytes, { key, dsaEncoding: "ieee-p1363" }, sig))
          throw new Error("wrong signature");
      }
    },
  };
}

/** All of them must see the same session, or the figures mean nothing. */
async function assertSame(headers: Record<string, string>, ...guards: Guard[]): Promise<void> {
  for (const guard of guards) {
    const session = await guard.getSession(makeRequest(headers) as never, makeResponse() as never);
    if (session?.getUserId() !== "user-1") throw new Error("a peer did not accept the token");
  }
}
