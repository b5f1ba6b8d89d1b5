// A server that stops as docs/running.md says, to the letter. `/slow` takes half a second. Prints its origin.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { bindSession, Exchange, exchangeOn, NodeRequest, NodeResponse } from "../../../dist/adapter/index.js";
import { gracefulShutdown } from "../../../dist/index.js";

const wrap = (req, res) => exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res)));
const { session: Session } = bindSession({ logger: { debug() {}, info() {}, warn() {} } }, wrap);
const server = createServer(async (req, res) => {
  if (req.url === "/slow") {
    console.log("slow");
    await new Promise((resolve) => setTimeout(resolve, 500));
  } else if (req.url === "/login") await Session.createNewSession(req, res, "user-1");
  res.end(req.url);
});
const app = {
  listen: () =>
    server.listen(0, "127.0.0.1", () =>
      console.log(JSON.stringify({ origin: `http://127.0.0.1:${server.address().port}` })),
    ),
};
const guide = readFileSync(new URL("../../../../../docs/running.md", import.meta.url), "utf8");
const [, section] = guide.split("## Stopping a process");
const recipe = /```ts\n([\s\S]*?)```/.exec(section)[1].replace(/^import .*$/gm, "");
new Function("app", "Session", "gracefulShutdown", recipe)(app, Session, gracefulShutdown);
