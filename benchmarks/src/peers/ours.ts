import type { SessionClaimValidator } from "@acme/session-core/claims";
import { createSession, MemoryStore, type SessionOptions, silentLogger } from "@acme/session-express";
import type { Case } from "../measure.ts";
import { BenchRequest, BenchResponse, bearerHeaders, browserHeaders } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";

const appInfo = {
  appName: "bench",
  apiDomain: "https://api.example.com",
  websiteDomain: "https://example.com",
};
const USER = "user-1";

export const OURS_CACHED = "ours, cached, ES256, cookie";
export const OURS_UNCACHED = "ours, not cached, ES256, cookie";
/** Sizes of whole tokens; the smallest there is has about 700 bytes, and a cookie holds less than 4 KB. */
const TOKEN_BYTES = [1024, 2048, 3584];

type Ours = ReturnType<typeof createSession>;

/** `getSession` as the Express adapter has it, by algorithm, transport, size of the payload and validators. */
export async function startOurs(): Promise<
  Peer & {
    tokens: [SignedToken, SignedToken, SignedToken];
    /** ES256 tokens of other sizes, smallest first; the cases of each end in its `name`. */
    sized: { name: string; signed: SignedToken }[];
  }
> {
  const cases: Case[] = [];
  const sized: { name: string; signed: SignedToken }[] = [];
  const open: Ours[] = [];
  const add = async (name: string, session: Ours, headers: Record<string, string>): Promise<void> => {
    cases.push(await asking(name, USER, () => userOf(session, headers)));
  };
  const start = (options: SessionOptions): { cached: Ours; uncached: Ours } => {
    const base = { appInfo, logger: silentLogger, store: new MemoryStore(), ...options };
    const pair = {
      cached: createSession(base),
      uncached: createSession({ ...base, verifiedTokenCache: false }),
    };
    open.push(pair.cached, pair.uncached);
    return pair;
  };

  const signedBy = async (algorithm: SignedToken["algorithm"]): Promise<SignedToken> => {
    const { cached, uncached } = start({ signingAlgorithm: algorithm });
    const token = await tokenWith(cached, 1);
    await add(`ours, cached, ${algorithm}, cookie`, cached, cookieHeaders(token));
    await add(`ours, cached, ${algorithm}, header`, cached, bearerHeaders(token));
    await add(`ours, not cached, ${algorithm}, cookie`, uncached, cookieHeaders(token));
    await add(`ours, not cached, ${algorithm}, header`, uncached, bearerHeaders(token));
    if (algorithm === "ES256") {
      for (const claims of [10, 100]) {
        const larger = cookieHeaders(await tokenWith(cached, claims));
        await add(`ours, cached, ES256, cookie, ${claims} claims`, cached, larger);
        await add(`ours, not cached, ES256, cookie, ${claims} claims`, uncached, larger);
      }
    }
    const jwk = (await cached.getJWKS()).keys[0] as unknown as SignedToken["jwk"];
    if (algorithm === "ES256") {
      for (const bytes of TOKEN_BYTES) {
        const larger = await tokenOf(cached, {
          text: "x".repeat(Math.floor(((bytes - token.length) * 3) / 4)),
        });
        const name = `${(larger.length / 1024).toFixed(1)} KB`;
        await add(`${OURS_CACHED}, ${name}`, cached, cookieHeaders(larger));
        await add(`${OURS_UNCACHED}, ${name}`, uncached, cookieHeaders(larger));
        sized.push({ name, signed: { token: larger, algorithm, userId: USER, jwk } });
      }
    }
    return { token, algorithm, userId: USER, jwk };
  };
  const tokens: [SignedToken, SignedToken, SignedToken] = [
    await signedBy("ES256"),
    await signedBy("RS256"),
    await signedBy("EdDSA"),
  ];

  for (const validators of [1, 5]) {
    const { cached } = start({ plugins: [{ name: "rules", globalClaimValidators: rules(validators) }] });
    const headers = cookieHeaders(await tokenWith(cached, 1));
    await add(
      `ours, cached, ES256, cookie, ${validators} validator${validators === 1 ? "" : "s"}`,
      cached,
      headers,
    );
  }

  return {
    cases,
    tokens,
    sized,
    async close() {
      for (const session of open) await session.close();
    },
  };
}

async function userOf(session: Ours, headers: Record<string, string>): Promise<string> {
  return (await session.getSession(new BenchRequest(headers), new BenchResponse())).getUserId();
}

async function tokenWith(session: Ours, claims: number): Promise<string> {
  return tokenOf(
    session,
    Object.fromEntries(Array.from({ length: claims }, (_, n) => [`claim${n}`, `value-${n}`])),
  );
}

async function tokenOf(session: Ours, payload: Record<string, string>): Promise<string> {
  return (await session.createNewSessionWithoutRequestResponse(USER, payload)).getAccessToken();
}

function cookieHeaders(token: string): Record<string, string> {
  return browserHeaders(`sAccessToken=${token}`);
}

/** Rules over the payload that need nothing fetched. */
function rules(count: number): SessionClaimValidator[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `rule-${n}`,
    validate: (payload) => ({ isValid: payload.claim0 === "value-0" }),
  }));
}
