import { type ExampleServer, pageDirectory, runExample } from "@acme/example-page";
import { serve } from "srvx";
import { staticMiddleware } from "srvx/static";
import { handle } from "./app.ts";
import { Session } from "./session.ts";

await runExample(async ({ port, host }) => {
  const server = serve({
    fetch: handle,
    middleware: [staticMiddleware({ dir: pageDirectory })],
    port,
    hostname: host,
    silent: true,
    gracefulShutdown: false,
  });
  await server.ready();
  return server.node?.server as ExampleServer;
}, Session);
