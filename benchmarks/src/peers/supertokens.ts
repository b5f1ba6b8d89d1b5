import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import SuperTokens from "supertokens-node";
import Session from "supertokens-node/recipe/session/index.js";
import { BenchRequest, BenchResponse, browserHeaders } from "../request.ts";
import { asking, type Peer, type SignedToken } from "./peer.ts";

/** What the peer needs of its core to verify a token: which API versions it speaks, and the public keys. */
async function startStandIn(keys: readonly unknown[]): Promise<{ origin: string; close(): void }> {
  const server = createServer((req, res) => {
    res.setHeader("content-type", "application/json");
    if (req.url?.startsWith("/apiversion")) res.end(JSON.stringify({ versions: ["5.4"] }));
    else if (req.url?.includes("jwks.json")) res.end(JSON.stringify({ keys }));
    else res.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const supertokensName = (algorithm: SignedToken["algorithm"]): string =>
  `supertokens-node getSession, ${algorithm}`;

/** The peer made ready to verify our tokens with our keys, in place of its own core's. One per process. */
export async function initSupertokens(
  framework: "express" | "fastify",
  keys: readonly unknown[],
): Promise<{ close(): void }> {
  const core = await startStandIn(keys);
  SuperTokens.init({
    framework,
    supertokens: { connectionURI: core.origin },
    appInfo: { appName: "bench", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
    recipeList: [Session.init()],
    telemetry: false,
  });
  return core;
}

/** The peer's `getSession`, verifying the same tokens; its own core signs RS256. */
export async function startSupertokens(tokens: readonly SignedToken[]): Promise<Peer> {
  const core = await initSupertokens(
    "express",
    tokens.map(({ jwk }) => jwk),
  );
  const cases = [];
  for (const { token, algorithm, userId } of tokens) {
    const headers = browserHeaders(`sAccessToken=${token}`);
    const ask = async (): Promise<string> => {
      const session = await Session.getSession(
        new BenchRequest(headers) as never,
        new BenchResponse() as never,
      );
      return session.getUserId();
    };
    cases.push(await asking(supertokensName(algorithm), userId, ask));
  }
  return { cases, close: () => core.close() };
}
