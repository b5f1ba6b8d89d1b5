import { createPrivateKey, sign } from "node:crypto";
import { createSession, MemoryStore, silentLogger } from "@acme/session-express";
import { appInfo } from "../http/tokens.ts";

/**
 * A session instance and as many different tokens of it as are asked for: the one it minted, signed again with its own
 * key for another user each time. No session is stored, which is what would fill the memory.
 */
export async function signedTokens(maxEntries: number, claims: number) {
  const store = new MemoryStore();
  const session = createSession({
    appInfo,
    store,
    logger: silentLogger,
    verifiedTokenCache: { maxEntries, maxBytes: 1024 ** 3 },
  });
  const payload = Object.fromEntries(Array.from({ length: claims }, (_, n) => [`claim${n}`, `value-${n}`]));
  const created = await session.createNewSessionWithoutRequestResponse("user-1", payload);
  const [header = ""] = created.getAccessToken().split(".");
  const [stored] = await store.listSigningKeys();
  if (stored === undefined) throw new Error("the store has no signing key");
  const key = createPrivateKey({ key: JSON.parse(stored.privateJwkJson), format: "jwk" });
  let count = 0;
  const nextToken = (): string => {
    count += 1;
    const claimsOfUser = { ...created.getAccessTokenPayload(), sub: `user-${count}` };
    const body = Buffer.from(JSON.stringify(claimsOfUser)).toString("base64url");
    const signature = sign("sha256", Buffer.from(`${header}.${body}`), { key, dsaEncoding: "ieee-p1363" });
    return `${header}.${body}.${signature.toString("base64url")}`;
  };
  return { session, nextToken };
}
