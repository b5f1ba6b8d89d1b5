import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MemoryStore, type SessionOptions, silentLogger } from "@acme/session-express";
import { clientBundle } from "./client-bundle.ts";
import { expressFramework } from "./frameworks/express.ts";
import type { Framework, SiteSession } from "./frameworks/framework.ts";
import { Front, type RefreshFault } from "./front.ts";
import { MovableClock } from "./movable-clock.ts";
import { type SiteRecord, siteRoutes } from "./routes.ts";

export interface SiteOptions extends SessionOptions {
  /** Default Express. */
  framework?: Framework;
  /** Whether sessions get `customClaim: "customValue"`. */
  addCustomClaim?: boolean;
}

/**
 * The server that the client's own browser tests expect (wire-contract.md Appendix C), on two ports of localhost: the
 * page is served by both, so that the API can be of the page's origin or of another one.
 */
export interface Site extends SiteRecord {
  /** Origin of the API. */
  readonly api: string;
  /** Another origin that serves the page, and may call the API. */
  readonly otherOrigin: string;
  readonly session: SiteSession;
  readonly clock: MovableClock;
  refreshFault: RefreshFault;
  gatherRefreshes(count: number): void;
  /** Forgets what came in, and all faults. */
  reset(): void;
  close(): Promise<void>;
}

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { framework = expressFramework, ...others } = options;
  const servers = await Promise.all([listen(), listen()]);
  const [api, otherOrigin] = servers.map(originOf) as [string, string];
  const clock = new MovableClock();
  const record: SiteRecord = {
    counters: { refreshAttempted: 0, refreshSucceeded: 0, guardedCalls: 0 },
    children: [],
  };
  const { session, listener } = await framework.mount(
    sessionOptions(api, otherOrigin, clock, others),
    (made) => siteRoutes(made, record),
  );
  const front = new Front({
    script: await clientBundle(),
    otherOrigin,
    corsHeaders: session.getAllCORSHeaders(),
    onRefresh: () => record.counters.refreshAttempted++,
    listener,
  });
  for (const server of servers) server.on("request", front.listener);

  return {
    api,
    otherOrigin,
    session,
    clock,
    ...record,
    get refreshFault() {
      return front.refreshFault;
    },
    set refreshFault(fault) {
      front.refreshFault = fault;
    },
    gatherRefreshes: (count) => front.gatherRefreshes(count),
    reset() {
      front.gatherRefreshes(0);
      front.refreshFault = "none";
      record.children.length = 0;
      Object.assign(record.counters, { refreshAttempted: 0, refreshSucceeded: 0, guardedCalls: 0 });
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await session.close();
    },
  };
}

function sessionOptions(
  apiDomain: string,
  websiteDomain: string,
  clock: MovableClock,
  { addCustomClaim, ...options }: Omit<SiteOptions, "framework">,
): SessionOptions {
  return {
    appInfo: { appName: "browser tests", apiDomain, websiteDomain },
    store: new MemoryStore(),
    // Next counts as production.
    allowTestValues: true,
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
    ...options,
  };
}

function listen(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "localhost", () => resolve(server));
  });
}

function originOf(server: Server): string {
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}
