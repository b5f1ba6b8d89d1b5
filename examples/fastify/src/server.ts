import { runExample } from "@acme/example-page";
import { app } from "./app.ts";
import { Session } from "./session.ts";

await runExample(async (place) => {
  await app.listen(place);
  return app.server;
}, Session);
