import { runExample } from "@acme/example-page";
import { Application } from "./application.ts";
import { Session } from "./session.ts";

await runExample(async (place) => {
  const app = new Application(place);
  await app.start();
  const { httpServer } = app.restServer;
  if (httpServer === undefined) throw new Error("LoopBack has started without a server");
  return httpServer.server;
}, Session);
