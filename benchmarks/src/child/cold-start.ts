// From nothing to the first verified request: node cold-start.ts PACKAGE. Prints the CPU time from the first line of
// this script on, in milliseconds: a wall clock would measure what else the machine is doing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOfCpu } from "./cpu.ts";

const cpuMs = startOfCpu();
const appInfo = {
  appName: "bench",
  apiDomain: "https://api.example.com",
  websiteDomain: "https://example.com",
};
const starts: Record<string, () => Promise<unknown>> = {
  async nothing() {},

  async ours() {
    const { createSession, MemoryStore, silentLogger } = await import("@acme/session-express");
    await verifyFirst(createSession({ appInfo, logger: silentLogger, store: new MemoryStore() }));
  },

  /** The embedded store, its file and schema made too. */
  async "ours-sqlite"() {
    const { createSession, silentLogger } = await import("@acme/session-express");
    const directory = mkdtempSync(join(tmpdir(), "cold-start-"));
    process.chdir(directory);
    const Session = createSession({ appInfo, logger: silentLogger });
    await verifyFirst(Session);
    await Session.close();
    rmSync(directory, { recursive: true });
  },

  /** A service without a store, with a key and a token from elsewhere. */
  async "ours-verify-only"() {
    const { createAccessTokenVerifier } = await import("@acme/session-core/verify");
    const { jwk, token } = await signedElsewhere();
    await createAccessTokenVerifier({ keys: [jwk] }).verify(token);
  },

  async jose() {
    const { importJWK, jwtVerify } = await import("jose");
    const { jwk, token } = await signedElsewhere();
    await jwtVerify(token, await importJWK(jwk, "ES256"));
  },

  async "express-session"() {
    const { startExpressSession } = await import("../peers/express-session.ts");
    await startExpressSession();
  },

  async supertokens() {
    const { startSupertokens } = await import("../peers/supertokens.ts");
    const { jwk, token } = await signedElsewhere();
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

async function verifyFirst(
  Session: ReturnType<typeof import("@acme/session-express").createSession>,
): Promise<void> {
  const created = await Session.createNewSessionWithoutRequestResponse("user-1");
  const { BenchRequest, BenchResponse, browserHeaders } = await import("../request.ts");
  const req = new BenchRequest(browserHeaders(`sAccessToken=${created.getAccessToken()}`));
  await Session.getSession(req, new BenchResponse());
}

/** A key, and a token as our engine mints it, by nothing but Node's own module. */
async function signedElsewhere() {
  const { generateKeyPairSync, sign } = await import("node:crypto");
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const nowSeconds = Math.floor(Date.now() / 1000);
  const segment = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const header = segment({ alg: "ES256", kid: "d-1", typ: "JWT", version: "5" });
  const payload = segment({
    sub: "user-1",
    rsub: "user-1",
    tId: "public",
    sessionHandle: "h",
    refreshTokenHash1: "x",
    parentRefreshTokenHash1: null,
    antiCsrfToken: null,
    iat: nowSeconds,
    exp: nowSeconds + 3600,
  });
  const bytes = Buffer.from(`${header}.${payload}`);
  const signature = sign("sha256", bytes, { key: privateKey, dsaEncoding: "ieee-p1363" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "d-1", alg: "ES256", use: "sig" };
  return { jwk, token: `${bytes}.${signature.toString("base64url")}` };
}

const start = starts[process.argv[2] ?? ""];
if (start === undefined) throw new Error(`there is no ${process.argv[2]}`);
await start();
console.log(JSON.stringify(cpuMs()));
process.exit();
