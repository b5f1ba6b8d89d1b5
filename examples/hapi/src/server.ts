import { runExample } from "@acme/example-page";
import { startServer } from "./app.ts";
import { Session } from "./session.ts";

await runExample(async (place) => (await startServer(place)).listener, Session);
