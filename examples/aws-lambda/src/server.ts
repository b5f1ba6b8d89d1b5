import { pageDirectory, runExample } from "@acme/example-page";
import { createEmulator } from "@acme/lambda-emulator";
import express from "express";
import { handler } from "./function.ts";
import { Session } from "./session.ts";

/** What AWS has in front of the function: files from a bucket, and an HTTP API for everything else. */
const front = express();
front.use(express.static(pageDirectory));
const api = createEmulator("http-2.0", handler, { onFailure: (error) => console.error(error) });
front.use((request, response) => api.emit("request", request, response));

await runExample(({ port, host }) => front.listen(port, host), Session);
