import { runExample } from "@acme/example-page";
import { app } from "./app.ts";
import { Session } from "./session.ts";

await runExample(({ port, host }) => app.listen(port, host), Session);
