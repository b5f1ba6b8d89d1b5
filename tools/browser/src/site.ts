import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createSession, MemoryStore, type SessionOptions, silentLogger } from "@acme/session-express";
import express, { type Request, type Response } from "express";
import { clientBundle } from "./client-bundle.ts";
import { MovableClock } from "./movable-clock.ts";

export interface SiteOptions extends SessionOptions {
  /** Whether sessions get `customClaim: "customValue"`. */
  addCustomClaim?: boolean;
}

/** How the server treats the next refreshes: as it should, or as a network or a broken server would. */
type RefreshFault = "none" | "lose the response" | "fail with 500";

/**
 * The server that the client's own browser tests expect (wire-contract.md Appendix C), on two ports of localhost: the
 * page is served by both, so that the API can be of the page's origin or of another one.
 */
export interface Site {
  /** Origin of the API. */
  readonly api: string;
  /** Another origin that serves the page, and may call the API. */
  readonly otherOrigin: string;
  readonly session: ReturnType<typeof makeSession>;
  readonly clock: MovableClock;
  /** What came in since the last `reset`. */
  readonly counters: { refreshAttempted: number; refreshSucceeded: number; guardedCalls: number };
  refreshFault: RefreshFault;
  /** Hashes of the refresh tokens handed out since the last `reset`. */
  readonly children: string[];
  /** Lets the next refreshes wait until so many are under way, so that none sees the other's cookies. */
  gatherRefreshes(count: number): void;
  reset(): void;
  close(): Promise<void>;
}

/** `iss` may be set to null; the newer protected names are left alone by a merge anyway. */
const OLDEST_RESERVED = new Set([
  "sub",
  "iat",
  "exp",
  "sessionHandle",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "antiCsrfToken",
]);

function makeSession(apiDomain: string, websiteDomain: string, clock: MovableClock, options: SiteOptions) {
  const { addCustomClaim, ...sessionOptions } = options;
  return createSession({
    appInfo: { appName: "browser tests", apiDomain, websiteDomain },
    store: new MemoryStore(),
    antiCsrf: "NONE",
    clock,
    logger: silentLogger,
    errorHandlers: {
      onUnauthorised: (_message, _req, res) => {
        res.setStatusCode(401);
        return res.sendJSONResponse({});
      },
    },
    override: {
      apis: (original) => ({ ...original, refreshPOST: undefined }),
      functions: (original) => ({
        ...original,
        createNewSession: (input) =>
          original.createNewSession(
            addCustomClaim
              ? { ...input, accessTokenPayload: { ...input.accessTokenPayload, customClaim: "customValue" } }
              : input,
          ),
      }),
    },
    ...sessionOptions,
  });
}

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const app = express();
  const [apiServer, otherServer] = await Promise.all([listen(app), listen(app)]);
  const api = originOf(apiServer);
  const otherOrigin = originOf(otherServer);
  const clock = new MovableClock();
  const session = makeSession(api, otherOrigin, clock, options);
  const script = await clientBundle();
  let missing = 0;
  let waiting: (() => void)[] = [];

  const site: Site = {
    api,
    otherOrigin,
    session,
    clock,
    counters: { refreshAttempted: 0, refreshSucceeded: 0, guardedCalls: 0 },
    refreshFault: "none",
    children: [],
    gatherRefreshes(count) {
      missing = count;
    },
    reset() {
      missing = 0;
      site.children.length = 0;
      site.refreshFault = "none";
      Object.assign(site.counters, { refreshAttempted: 0, refreshSucceeded: 0, guardedCalls: 0 });
    },
    async close() {
      for (const server of [apiServer, otherServer]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await session.close();
    },
  };

  app.get("/index.html", (_req, res) => res.sendFile(join(import.meta.dirname, "client/index.html")));
  app.get("/client.js", (_req, res) => res.type("js").send(script));
  app.use((req, res, next) => {
    if (req.headers.origin !== otherOrigin) return next();
    res.vary("Origin");
    res.set("Access-Control-Allow-Origin", otherOrigin);
    res.set("Access-Control-Allow-Credentials", "true");
    if (req.method !== "OPTIONS") return next();
    res.set("Access-Control-Allow-Headers", ["content-type", ...session.getAllCORSHeaders()].join(", "));
    res.set("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE");
    res.status(204).end();
  });
  app.use("/auth/session/refresh", (req, res, next) => {
    if (req.method === "POST") site.counters.refreshAttempted++;
    if (site.refreshFault === "fail with 500") return res.status(500).send("out of order");
    if (site.refreshFault === "lose the response") {
      res.end = () => {
        req.socket.destroy();
        return res;
      };
    }
    return next();
  });
  app.use("/auth/session/refresh", (_req, _res, next) => {
    waiting.push(next);
    if (--missing > 0) return;
    for (const proceed of waiting) proceed();
    waiting = [];
  });
  app.use(express.json());
  app.use(session.middleware());
  addRoutes(app, site);
  app.use(session.errorHandler());
  return site;
}

function addRoutes(app: express.Express, site: Site): void {
  const { session } = site;

  app.post("/login", async (req, res) => {
    const { userId, payload } = req.body;
    await session.createNewSession(req, res, userId, payload);
    res.send(userId);
  });

  app.get("/", session.verifySession(), (req, res) => {
    site.counters.guardedCalls++;
    res.send(session.of(req)?.getUserId());
  });

  // Refreshes, because it stands on the refresh path.
  app.post("/auth/session/refresh", session.verifySession(), (req, res) => {
    site.counters.refreshSucceeded++;
    site.children.push(String(session.of(req)?.getAccessTokenPayload().refreshTokenHash1));
    res.send("refresh success");
  });

  app.get("/checked", session.verifySession({ checkDatabase: true }), (req, res) => {
    res.send(session.of(req)?.getUserId());
  });

  app.post("/write", session.verifySession(), (_req, res) => {
    res.send("written");
  });

  app.get("/update-jwt", session.verifySession(), (req, res) => {
    res.json(session.of(req)?.getAccessTokenPayload());
  });

  app.post("/update-jwt", session.verifySession(), async (req, res) => {
    const found = await session.getSession(req, res);
    await found.mergeIntoAccessTokenPayload(replacement(found.getAccessTokenPayload(), req));
    res.json(found.getAccessTokenPayload());
  });

  app.post("/update-jwt-with-handle", session.verifySession(), async (req, res) => {
    const found = await session.getSession(req, res);
    const patch = replacement(found.getAccessTokenPayload(), req);
    await session.mergeIntoAccessTokenPayload(found.getHandle(), patch);
    res.json(found.getAccessTokenPayload());
  });

  app.post(
    "/session-claims-error",
    session.verifySession({
      overrideGlobalClaimValidators: () => [
        {
          id: "test-claim-failing",
          validate: () => ({ isValid: false, reason: { message: "testReason" } }),
        },
      ],
    }),
    (_req, res) => {
      res.send("never");
    },
  );

  app.post("/403-without-body", (_req, res) => {
    res.status(403).end();
  });

  app.get("/always-401", (_req, res) => {
    res.status(401).send("nothing to do with sessions");
  });

  app.post("/logout", session.verifySession(), async (req, res) => {
    await (await session.getSession(req, res)).revokeSession();
    res.send("success");
  });

  app.get("/echo-headers", (req, res) => {
    res.json(req.headers);
  });
}

function replacement(payload: object, req: Request): Record<string, never> {
  const erased = Object.keys(payload)
    .filter((key) => !OLDEST_RESERVED.has(key))
    .map((key) => [key, null]);
  return { ...Object.fromEntries(erased), ...req.body };
}

function listen(handler: (req: Request, res: Response) => void): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(handler as Parameters<typeof createServer>[1]);
    server.listen(0, "localhost", () => resolve(server));
  });
}

function originOf(server: Server): string {
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
