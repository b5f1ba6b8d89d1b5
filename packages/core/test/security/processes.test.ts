import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../src/sqlite/index.js";
import { startChild } from "../sqlite/child.js";
import { freshPath } from "../sqlite/fixture.js";
import { tokenEffect } from "../support/outcome.js";
import { send, type WireClient } from "../support/wire-client.js";
import { moved, type ServerProcess, startServer } from "./server-process.js";

const startServers = (path: string, count: number): Promise<ServerProcess[]> =>
  Promise.all(Array.from({ length: count }, () => startServer(path)));
const handleIn = (refreshToken: string): string => refreshToken.split(".")[2] as string;

async function signIn(server: ServerProcess): Promise<WireClient> {
  const client = server.client("header");
  expect((await client.send("POST", "/login")).status).toBe(200);
  return client;
}

async function expectNoComplaint(servers: readonly ServerProcess[]): Promise<void> {
  for (const server of servers) expect(server.complaints()).toEqual([]);
}

it("200 refreshes of one token at once, through 4 processes: all 200, one child, one generation [sec CC-01, R-05, R-06]", async () => {
  const path = freshPath();
  const servers = await startServers(path, 4);
  const [first] = servers as [ServerProcess];
  let client = await signIn(first);
  const handle = handleIn(client.refreshToken as string);
  const store = sqliteStore({ path });
  for (let round = 0; round < 3; round += 1) {
    const responses = await Promise.all(
      Array.from({ length: 200 }, (_, n) => moved(client, servers[n % 4] as ServerProcess).refresh()),
    );
    expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
    expect(new Set(responses.map((response) => response.header("st-refresh-token"))).size).toBe(1);
    // A round after the first presents a child that was never used: it is promoted, by one of 200.
    expect((await store.getSession(handle, Date.now()))?.generation).toBe(round);
    client = moved(client, servers[round] as ServerProcess);
    client.keep(responses[round * 50 + 1] as (typeof responses)[number]);
  }
  expect((await client.send("GET", "/me")).status).toBe(200);
  expect((await store.getSession(handle, Date.now()))?.generation).toBe(3);
  await store.close();
  await expectNoComplaint(servers);
}, 60_000);

it("8 processes that start at once on an empty file sign with one key, and take each other's tokens [sec K-03, T-12]", async () => {
  const path = freshPath();
  const servers = await startServers(path, 8);
  const clients = await Promise.all(servers.map(signIn));
  const answers = await Promise.all(
    clients.flatMap((client) => servers.map((server) => moved(client, server).send("GET", "/me"))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(64).fill(200));
  const refreshed = await Promise.all(
    clients.map((client, n) => moved(client, servers[7 - n] as ServerProcess).refresh()),
  );
  expect(refreshed.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const store = sqliteStore({ path });
  expect(await store.listSigningKeys()).toHaveLength(1);
  await store.close();
  await expectNoComplaint(servers);
}, 60_000);

it("a process that was stopped while the client moved on calls nothing theft that waited in it [sec R-18, CC-05]", async () => {
  const path = freshPath();
  const servers = await startServers(path, 2);
  const [stopped, awake] = servers as [ServerProcess, ServerProcess];
  const client = await signIn(stopped);
  stopped.child.process.kill("SIGSTOP");
  const tabs = Array.from({ length: 10 }, () => client.copy().refresh());
  const merges = [moved(client, stopped).send("POST", "/merge", { "x-n": "1" })];
  const elsewhere = moved(client, awake);
  for (let rotation = 0; rotation < 2; rotation += 1) {
    expect((await elsewhere.refresh()).status).toBe(200);
    expect((await elsewhere.send("POST", "/merge", { "x-n": "2" })).status).toBe(200);
  }
  await sleep(2_500);
  stopped.child.process.kill("SIGCONT");
  for (const response of await Promise.all(tabs)) {
    expect(response.status).toBe(503);
    expect([response.header("retry-after"), tokenEffect(response)]).toEqual(["1", "untouched"]);
  }
  // What was merged elsewhere meanwhile is merged with, not overwritten by an older state.
  expect((await Promise.all(merges))[0]?.status).toBe(200);
  expect((await elsewhere.refresh()).status).toBe(200);
  expect((await moved(elsewhere, stopped).send("GET", "/me")).status).toBe(200);
  await expectNoComplaint(servers);
  // The doubt lasts a second: then a token two generations old is what it is.
  await sleep(1_500);
  expect((await client.copy().refresh()).json).toEqual({ message: "token theft detected" });
}, 60_000);

it("SIGTERM: what is in flight is answered, the process leaves by itself, and everybody goes on elsewhere [sec CC-06]", async () => {
  const path = freshPath();
  const servers = await startServers(path, 2);
  const [leaving, staying] = servers as [ServerProcess, ServerProcess];
  const clients = await Promise.all(Array.from({ length: 20 }, () => signIn(leaving)));
  for (const client of clients) await client.refresh();
  // What they hold now is to be promoted: while nobody can write, the refreshes wait inside the process.
  const holder = startChild("hold-lock.mjs", [path, "800", "writer"]);
  await holder.line();
  const inFlight = clients.map((client) => client.refresh());
  await sleep(200);
  leaving.child.process.kill("SIGTERM");
  const responses = await Promise.all(inFlight);
  expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(await leaving.child.end()).toBe(0);
  expect(leaving.child.lines.at(-1)).toBe('{"closed":true}');
  await holder.end();
  for (const client of clients) {
    await expect(client.refresh()).rejects.toThrow(/ECONNREFUSED/);
    const elsewhere = moved(client, staying);
    expect((await elsewhere.send("GET", "/me")).status).toBe(200);
    expect((await elsewhere.refresh()).status).toBe(200);
  }
  await expectNoComplaint(servers);
}, 60_000);

it("a rolling restart of 3 processes under load logs nobody out [sec CC-06, CC-08]", async () => {
  const path = freshPath();
  const servers = await startServers(path, 3);
  const clients = await Promise.all(servers.map(signIn));
  let isOver = false;
  let refreshes = 0;
  const users = clients.map(async (client, start) => {
    let current = client;
    for (let n = start; !isOver; n += 1) {
      current = moved(current, servers[n % 3] as ServerProcess);
      try {
        const response = n % 2 === 0 ? await current.refresh() : await current.send("GET", "/me");
        if (n % 2 === 0) refreshes += 1;
        expect(response.status).toBe(200);
      } catch (error) {
        // Nobody listens there just now: a load balancer would ask the next one.
        expect(String(error)).toMatch(/ECONNREFUSED|ECONNRESET|socket hang up/);
      }
      await sleep(100);
    }
  });
  for (let n = 0; n < 3; n += 1) {
    const old = servers[n] as ServerProcess;
    expect(await old.kill("SIGTERM")).toBe(0);
    await expectNoComplaint([old]);
    servers[n] = await startServer(path);
    await sleep(150);
  }
  isOver = true;
  await Promise.all(users);
  expect(refreshes).toBeGreaterThan(5);
  await expectNoComplaint(servers);
}, 60_000);

describe("the file is locked by somebody else [sec O-01, O-02]", () => {
  it("a refresh is answered 503 with Retry-After, nothing is cleared, and later it is 200", async () => {
    const path = freshPath();
    const server = await startServer(path);
    const client = await signIn(server);
    const other = await signIn(server);
    await client.refresh();
    const token = client.refreshToken;
    const holder = startChild("hold-lock.mjs", [path, "10000", "writer"]);
    await holder.line();
    const response = await client.refresh();
    expect([response.status, response.header("retry-after"), tokenEffect(response)]).toEqual([
      503,
      "1",
      "untouched",
    ]);
    // What needs no store goes on meanwhile.
    expect((await other.send("GET", "/me")).status).toBe(200);
    expect(client.refreshToken).toBe(token);
    await holder.end();
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
    await expectNoComplaint([server]);
  }, 60_000);
});

it("kill -9 around key rotation: every process left, and every new one, signs and verifies [sec K-07, K-10]", async () => {
  const path = freshPath();
  // A new key every 1.6 s: longer than the pause between two readings for unknown kids.
  const options = { accessTokenSigningKeyUpdateIntervalHours: 2 / 3600, allowTestValues: true };
  const survivor = await startServer(path, options);
  for (let round = 0; round < 8; round += 1) {
    const server = await startServer(path, options);
    const clients = await Promise.all(Array.from({ length: 3 }, () => signIn(server)));
    const burst = Array.from({ length: 20 }, () =>
      server
        .client("header")
        .send("POST", "/login")
        .catch(() => undefined),
    );
    await sleep(Math.random() * 60);
    await server.kill("SIGKILL");
    await Promise.all(burst);
    for (const client of clients) {
      const response = await send(survivor.origin, "GET", "/me", {
        authorization: `Bearer ${client.accessToken}`,
      });
      expect(response.status).toBe(200);
    }
    const elsewhere = moved(clients[0] as WireClient, survivor);
    expect((await elsewhere.refresh()).status).toBe(200);
    expect((await elsewhere.send("GET", "/me")).status).toBe(200);
  }
  await expectNoComplaint([survivor]);
}, 60_000);
