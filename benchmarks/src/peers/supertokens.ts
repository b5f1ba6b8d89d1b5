import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import SuperTokens from "supertokens-node";
import Session from "supertokens-node/recipe/session/index.js";

/** What the peer needs of its core to verify a token: which API versions it speaks, and the public keys. */
async function startStandIn(jwks: { keys: unknown[] }): Promise<{ origin: string; close(): void }> {
  const server = createServer((req, res) => {
    res.setHeader("content-type", "application/json");
    if (req.url?.startsWith("/apiversion")) res.end(JSON.stringify({ versions: ["5.4"] }));
    else if (req.url?.includes("jwks.json")) res.end(JSON.stringify(jwks));
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

/** The peer's `getSession`, verifying the same token with the same key. */
export async function startPeer(jwks: { keys: unknown[] }) {
  const core = await startStandIn(jwks);
  SuperTokens.init({
    framework: "express",
    supertokens: { connectionURI: core.origin },
    appInfo: { appName: "bench", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
    recipeList: [Session.init()],
  });
  return {
    getSession: (req: unknown, res: unknown) => Session.getSession(req as never, res as never),
    close: () => core.close(),
  };
}
