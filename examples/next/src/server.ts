import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runExample } from "@acme/example-page";
import next from "next";

// What runs is what `next build` has made.
Object.assign(process.env, { NODE_ENV: "production" });

// A store that was named says nothing; the others' is the default one, which does.
console.log(`Sessions are kept in ${join(process.cwd(), ".sessions/sessions.db")}`);

// `next start` would do, but for what the examples have in common: how they say where they listen, and how they end.
await runExample(
  async ({ port, host }) => {
    const server = createServer();
    server.listen(port, host);
    await once(server, "listening");
    process.env.ORIGIN ??= `http://localhost:${(server.address() as AddressInfo).port}`;
    const app = next({ dev: false, dir: join(import.meta.dirname, ".."), httpServer: server });
    const prepared = app.prepare().then(() => app.getRequestHandler() as RequestListener);
    server.on("request", async (req, res) => (await prepared)(req, res));
    await prepared;
    return server;
  },
  {
    async close() {
      const { Session } = await import("./lib/session.ts");
      await Session.close();
    },
  },
);
