import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSession, silentLogger } from "@acme/session-express";
import { fromNodeHeaders } from "better-auth/node";
import { createVerifier } from "fast-jwt";
import { getIronSession } from "iron-session";
import { betterAuthApp } from "../peers/better-auth.ts";
import { ironCookie, ironOptions } from "../peers/iron-session.ts";
import { publicPem } from "../peers/public-pem.ts";
import { browserHeaders, cutCookie } from "../request.ts";
import { type HttpApp, portOf } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "node:http, unguarded";

type WhoIs = (req: IncomingMessage, res: ServerResponse) => Promise<string | undefined>;

function started(whoIs: WhoIs): Promise<number> {
  const server = createServer((req, res) => {
    whoIs(req, res).then(
      (id) => {
        const body = JSON.stringify({ id });
        res.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body);
      },
      () => res.writeHead(401, { "content-length": 0 }).end(),
    );
  });
  return portOf(server);
}

export const nodeApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      return { port: await started(async () => USER), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "node:http, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const port = await started(async (req, res) => (await Session.getSession(req, res)).getUserId());
      return { port, headers: tokenHeaders(signed) };
    },
  },
  {
    name: "node:http, ours, not cached",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({
        appInfo,
        logger: silentLogger,
        allowTestValues: true,
        store,
        verifiedTokenCache: false,
      });
      const port = await started(async (req, res) => (await Session.getSession(req, res)).getUserId());
      return { port, headers: tokenHeaders(signed) };
    },
  },
  {
    name: "node:http, fast-jwt, cache",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const verify = createVerifier({ key: publicPem(signed.jwk), cache: true, algorithms: ["ES256"] });
      const port = await started(
        async (req) => verify(cutCookie(req.headers.cookie ?? "", "sAccessToken")).sub,
      );
      return { port, headers: tokenHeaders(signed) };
    },
  },
  {
    name: "node:http, better-auth, cookie cache",
    unguarded: UNGUARDED,
    async start() {
      const { cookie, userId, whoIs } = await betterAuthApp();
      const port = await started(async (req) => {
        const found = await whoIs(fromNodeHeaders(req.headers));
        return found === userId ? USER : undefined;
      });
      return { port, headers: browserHeaders(cookie) };
    },
  },
  {
    name: "node:http, iron-session",
    unguarded: UNGUARDED,
    async start() {
      const headers = browserHeaders(await ironCookie());
      const port = await started(
        async (req, res) => (await getIronSession<{ userId?: string }>(req, res, ironOptions)).userId,
      );
      return { port, headers };
    },
  },
];
