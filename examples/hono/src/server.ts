import { runExample } from "@acme/example-page";
import { serve } from "@hono/node-server";
import { app } from "./app.ts";
import { Session } from "./session.ts";

await runExample(({ port, host }) => serve({ fetch: app.fetch, port, hostname: host }), Session);
