import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { HarnessOptions } from "@acme/session-conformance";
import type { Fixture } from "./fixture.ts";

/** An application in a process of its own, one at a time. */
export interface HostedApp {
  readonly fixture: Fixture;
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves what starts, watches and ends the application, on a port of its own, which it prints. */
export function serveControl(start: (options: HarnessOptions) => Promise<HostedApp>): void {
  let current: HostedApp | undefined;

  async function run(task: string | undefined, body: string): Promise<unknown> {
    const probe = current?.fixture.app.probe;
    switch (task) {
      case "/start":
        current = await start(JSON.parse(body));
        return { origin: current.origin };
      case "/snapshot":
        return probe?.snapshot();
      case "/reset":
        return probe?.reset();
      case "/advance":
        return probe?.advanceMs(JSON.parse(body));
      case "/close":
        await current?.close();
        current = undefined;
        return undefined;
      default:
        throw new Error(`no such task: ${task}`);
    }
  }

  const server = createServer(async (request, response) => {
    try {
      const result = await run(request.url, await text(request));
      response.end(JSON.stringify(result ?? {}));
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  });
  server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));
}
