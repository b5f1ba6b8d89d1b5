import { deepEqual, doesNotMatch, equal, ok, rejects } from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { startExample } from "./start-example.ts";

/** One thing that the process of every example has to do. */
export interface ServerCase {
  name: string;
  /** @param server path of the example's `server.ts` @throws AssertionError when it does not do it */
  run(server: string): Promise<void>;
}

export const serverCases: readonly ServerCase[] = [
  {
    name: "prints its address and where the SQLite file is, and ends cleanly on Ctrl-C",
    async run(server) {
      const example = await startExample(server);
      const file = join(example.directory, ".sessions/sessions.db");
      const printed = example.output().trim().split("\n");
      const lines = printed.filter((line) => !/^✓ Running next\.config/.test(line.trim())); // Next cannot be told not to
      equal(lines.length, 2);
      ok(lines[0]?.includes(file));
      ok(lines[1]?.includes(example.origin));
      ok(existsSync(file));
      equal(await example.stop("SIGINT"), 0);
      doesNotMatch(example.output(), /error/i);
    },
  },
  {
    name: "says what to do when its port is taken",
    async run(server) {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const { port } = taken.address() as AddressInfo;
      await rejects(
        startExample(server, port),
        new RegExp(`ended with 1:[^]*port ${port} is taken; choose another: PORT=3001 npm start`),
      );
      taken.close();
    },
  },
  {
    name: "answers only who is signed in",
    async run(server) {
      const example = await startExample(server);
      const status = async (method: string, path: string, body?: object) => {
        const response = await fetch(example.origin + path, {
          method,
          ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
        });
        return response.status;
      };
      const statuses = {
        "/protected": await status("GET", "/protected"),
        "/admin": await status("GET", "/admin"),
        "/sessions": await status("GET", "/sessions"),
        "/role": await status("POST", "/role", { admin: true }),
        "/sessions/revoke": await status("POST", "/sessions/revoke", { sessionHandle: "another" }),
        "/lab/replay": await status("POST", "/lab/replay", {}),
        "/optional": await status("GET", "/optional"),
        "/login": await status("POST", "/login", { userId: "mallory" }),
        "/nowhere": await status("GET", "/nowhere"),
      };
      equal(await example.stop("SIGTERM"), 0);
      deepEqual(statuses, {
        "/protected": 401,
        "/admin": 401,
        "/sessions": 401,
        "/role": 401,
        "/sessions/revoke": 401,
        "/lab/replay": 401,
        "/optional": 200,
        "/login": 400,
        "/nowhere": 404,
      });
    },
  },
];
