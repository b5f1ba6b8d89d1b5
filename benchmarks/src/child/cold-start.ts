// From nothing to the first verified request: node cold-start.ts PACKAGE. Prints the CPU time from the first line of
// this script on, in milliseconds: a wall clock would measure what else the machine is doing.
import { startOfCpu } from "./cpu.ts";

const cpuMs = startOfCpu();
const starts: Record<string, () => Promise<unknown>> = {
  async nothing() {},

  async ours() {
    const { createSession, MemoryStore, silentLogger } = await import("@acme/session-express");
    const appInfo = {
      appName: "bench",
      apiDomain: "https://api.example.com",
      websiteDomain: "https://example.com",
    };
    const Session = createSession({ appInfo, logger: silentLogger, store: new MemoryStore() });
    const created = await Session.createNewSessionWithoutRequestResponse("user-1");
    const { BenchRequest, BenchResponse, browserHeaders } = await import("../request.ts");
    const req = new BenchRequest(browserHeaders(`sAccessToken=${created.getAccessToken()}`));
    return Session.getSession(req, new BenchResponse());
  },

  async supertokens() {
    const { generateKeyPairSync } = await import("node:crypto");
    const { SignJWT } = await import("jose");
    const { startSupertokens } = await import("../peers/supertokens.ts");
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const nowSeconds = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({
      sub: "user-1",
      rsub: "user-1",
      tId: "public",
      sessionHandle: "h",
      refreshTokenHash1: "x",
      parentRefreshTokenHash1: null,
      antiCsrfToken: null,
    })
      .setProtectedHeader({ alg: "ES256", kid: "d-1", typ: "JWT", version: "5" } as never)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + 3600)
      .sign(privateKey);
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "d-1", alg: "ES256", use: "sig" };
    const peer = await startSupertokens([{ token, algorithm: "ES256", userId: "user-1", jwk }]);
    await peer.close();
  },

  async "better-auth"() {
    const { startBetterAuth } = await import("../peers/better-auth.ts");
    await (await startBetterAuth()).close();
  },

  async "iron-session"() {
    const { startIronSession } = await import("../peers/iron-session.ts");
    await startIronSession();
  },
};

const start = starts[process.argv[2] ?? ""];
if (start === undefined) throw new Error(`there is no ${process.argv[2]}`);
await start();
console.log(JSON.stringify(cpuMs()));
process.exit();
