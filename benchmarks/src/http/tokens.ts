import { createSession, MemoryStore, type SessionStore, silentLogger } from "@acme/session-express";
import type { SignedToken } from "../peers/peer.ts";
import { browserHeaders } from "../request.ts";

export const appInfo = {
  appName: "bench",
  apiDomain: "https://api.example.com",
  websiteDomain: "https://example.com",
};
export const USER = "user-1";

/** A store with one key in it, and a token signed with that key. */
export async function signedToken(): Promise<{ store: SessionStore; signed: SignedToken }> {
  const store = new MemoryStore();
  const session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
  const created = await session.createNewSessionWithoutRequestResponse(USER, { plan: "pro" });
  const [jwk] = (await session.getJWKS()).keys;
  return {
    store,
    signed: {
      token: created.getAccessToken(),
      algorithm: "ES256",
      userId: USER,
      jwk: jwk as unknown as SignedToken["jwk"],
    },
  };
}

export function tokenHeaders({ token }: SignedToken): Record<string, string> {
  return browserHeaders(`sAccessToken=${token}`);
}
