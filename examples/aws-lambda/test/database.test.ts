import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type RunningExample, startExample } from "@acme/example-page/start-example";
import { type PrivateServer, reasonAgainst, startPrivateServer } from "@acme/servers";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const reason = reasonAgainst("postgres");
if (reason !== undefined) console.info(`left out: ${reason}`);

describe.skipIf(reason !== undefined)("with DATABASE_URL", () => {
  let database: PrivateServer;
  let instances: RunningExample[] = [];

  beforeAll(async () => {
    database = await startPrivateServer("postgres");
    vi.stubEnv("DATABASE_URL", database.url);
    const server = join(import.meta.dirname, "../src/server.ts");
    instances = await Promise.all([startExample(server), startExample(server)]);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const instance of instances) await instance.stop("SIGTERM");
    await database?.stop();
  });

  it("two instances of the function know the same sessions, and keep none on their disks", async () => {
    const [first, second] = instances.map(({ origin }) => origin);
    const login = await fetch(`${first}/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "st-auth-mode": "header" },
      body: JSON.stringify({ userId: "ada" }),
    });
    const headers = { authorization: `Bearer ${login.headers.get("st-access-token")}` };
    const known = await fetch(`${second}/protected`, { headers });
    expect([known.status, await known.json()]).toEqual([200, { userId: "ada" }]);
    await fetch(`${second}/auth/signout`, { method: "POST", headers });
    expect((await fetch(`${first}/sessions`, { headers })).status).toBe(401);
    for (const { output } of instances) expect(output()).not.toContain("sessions.db");
  });

  it("the bundle for AWS needs nothing beside it", async () => {
    const directory = await mkdtemp(join(tmpdir(), "session-function-"));
    await copyFile(join(import.meta.dirname, "../dist/function.mjs"), join(directory, "function.mjs"));
    const event = {
      version: "2.0",
      rawPath: "/login",
      headers: { "st-auth-mode": "cookie" },
      body: '{"userId":"grace"}',
      requestContext: { http: { method: "POST", path: "/login" }, stage: "$default" },
    };
    const call = `
      const { handler } = await import("./function.mjs");
      const { statusCode, body, cookies } = await handler(${JSON.stringify(event)}, {});
      console.log(JSON.stringify([handler.length, statusCode, body, cookies?.length]));
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", call], {
      cwd: directory,
    });
    await rm(directory, { recursive: true });
    expect(JSON.parse(stdout)).toEqual([2, 200, '{"userId":"grace"}', 2]);
  });
});
