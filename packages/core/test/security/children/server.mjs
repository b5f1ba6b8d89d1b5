// An HTTP server on core alone, as an application has it, one of several processes on one SQLite file.
// argv: path, JSON with options of createSession. Prints its origin. SIGTERM: no new connections, finish, close, leave.
import { createServer } from "node:http";
import { bindSession, Exchange, exchangeOn, NodeRequest, NodeResponse } from "../../../dist/adapter/index.js";
import { gracefulShutdown } from "../../../dist/index.js";
import { sqliteStore } from "../../../dist/sqlite/index.js";

const [path, options = "{}"] = process.argv.slice(2);
const wrap = (req, res) => exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res)));
const say = (event) => console.log(JSON.stringify(event));
const { session, adapter } = bindSession(
  {
    appInfo: { appName: "test", apiDomain: "https://api.example.com", websiteDomain: "https://example.com" },
    store: sqliteStore({ path }),
    logger: { debug() {}, info() {}, warn() {} },
    onEvent: (event) => {
      if (event.type === "theft" || event.type === "store_regression") say(event);
    },
    ...JSON.parse(options),
  },
  wrap,
);

const routes = {
  "POST /login": async (req, res) => {
    const created = await session.createNewSession(req, res, "user-1");
    return { handle: created.getHandle() };
  },
  "GET /me": async (req, res) => ({ userId: (await session.getSession(req, res)).getUserId() }),
  "POST /merge": async (req, res) => {
    const found = await session.getSession(req, res);
    await found.mergeIntoAccessTokenPayload({ n: Number(req.headers["x-n"]) });
    return found.getAccessTokenPayload();
  },
  "POST /revoke": async (req, res) => {
    await (await session.getSession(req, res)).revokeSession();
    return {};
  },
};

const server = createServer(async (req, res) => {
  try {
    if (await adapter.handleEndpoint(wrap(req, res))) return;
    const result = await routes[`${req.method} ${req.url}`](req, res);
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify(result));
  } catch (error) {
    if (await adapter.answerError(wrap(req, res), error)) return;
    say({ foreign: String(error) });
    res.statusCode = 500;
    res.end();
  }
});

const shutDown = gracefulShutdown(server, session);
process.once("SIGTERM", async () => {
  await shutDown();
  say({ closed: true });
});
server.listen(0, "127.0.0.1", () => say({ origin: `http://127.0.0.1:${server.address().port}` }));
