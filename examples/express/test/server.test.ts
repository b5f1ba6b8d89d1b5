import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startExample } from "./start-example.ts";

it("prints its address and where the SQLite file is, and ends cleanly on Ctrl-C", async () => {
  const example = await startExample();
  const file = join(example.directory, ".sessions/sessions.db");
  const lines = example.output().trim().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain(file);
  expect(lines[1]).toContain(example.origin);
  expect(existsSync(file)).toBe(true);
  expect(await example.stop("SIGINT")).toBe(0);
  expect(example.output()).not.toMatch(/error/i);
});

it("answers only who is signed in", async () => {
  const example = await startExample();
  const status = async (method: string, path: string, body?: object) => {
    const response = await fetch(example.origin + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return response.status;
  };
  expect(await status("GET", "/protected")).toBe(401);
  expect(await status("GET", "/admin")).toBe(401);
  expect(await status("GET", "/sessions")).toBe(401);
  expect(await status("POST", "/lab/replay", {})).toBe(401);
  expect(await status("GET", "/optional")).toBe(200);
  expect(await status("POST", "/login", { userId: "mallory" })).toBe(400);
  expect(await example.stop("SIGTERM")).toBe(0);
});
