import { createServer } from "node:http";
import { createSession, silentLogger } from "@acme/session-express";
import express, { type Express, type RequestHandler } from "express";
import expressSession from "express-session";
import supertokens from "supertokens-node/framework/express/index.js";
import { verifySession } from "supertokens-node/recipe/session/framework/express/index.js";
import { signedSessionCookie, storeSession } from "../peers/express-session.ts";
import { initSupertokens } from "../peers/supertokens.ts";
import { browserHeaders } from "../request.ts";
import { type HttpApp, portOf } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "Express, unguarded";

const started = (app: Express): Promise<number> => portOf(createServer(app));

const answer: RequestHandler = (_req, res) => {
  res.json({ id: USER });
};

export const expressApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      return { port: await started(express().get("/me", answer)), headers: tokenHeaders(signed) };
    },
  },
  {
    // What the framework takes for any guard at all.
    name: "Express, two empty middlewares",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const empty: RequestHandler = (_req, _res, next) => next();
      const app = express().use(empty).get("/me", empty, answer);
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Express, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const app = express();
      app.use(Session.middleware());
      app.get("/me", Session.verifySession(), (req, res) => {
        res.json({ id: Session.of(req)?.getUserId() });
      });
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Express, supertokens-node",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      await initSupertokens("express", [signed.jwk]);
      const app = express();
      app.use(supertokens.middleware());
      app.get("/me", verifySession() as unknown as RequestHandler, (req, res) => {
        const { session } = req as unknown as { session: { getUserId(): string } };
        res.json({ id: session.getUserId() });
      });
      return { port: await started(app), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "Express, express-session",
    unguarded: UNGUARDED,
    async start() {
      const store = new expressSession.MemoryStore();
      await storeSession(store);
      const app = express();
      app.use(
        expressSession({
          secret: signedSessionCookie.secret,
          store,
          resave: false,
          saveUninitialized: false,
        }),
      );
      app.get("/me", (req, res) => {
        res.json({ id: req.session.userId });
      });
      return { port: await started(app), headers: browserHeaders(signedSessionCookie.cookie) };
    },
  },
];
