import { mkdtempSync } from "node:fs";
import { Agent, createServer, request, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { gracefulShutdown } from "../../src/http/graceful-shutdown.js";
import { systemClock } from "../../src/runtime/clock.js";
import { type Child, startChild } from "../sqlite/child.js";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A proxy that keeps its connections to the server alive and gives each request the connection that was used last. */
async function proxyTo(origin: string): Promise<{ origin: string; agent: Agent }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4, scheduling: "lifo" });
  const proxy = createServer((req, res) => {
    const forwarded = request(
      `${origin}${req.url}`,
      { method: req.method, headers: req.headers, agent },
      (answer) => {
        const { connection: _connection, ...headers } = answer.headers;
        res.writeHead(answer.statusCode ?? 502, headers);
        answer.pipe(res);
      },
    );
    forwarded.on("error", () => answerBadGateway(res));
    req.pipe(forwarded);
  });
  open.push({
    close() {
      proxy.closeAllConnections();
      proxy.close();
      agent.destroy();
    },
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, agent };
}

function answerBadGateway(res: ServerResponse): void {
  if (!res.headersSent) res.writeHead(502);
  res.end();
}

function startRecipe(): Child {
  const child = startChild(join(import.meta.dirname, "children/recipe-server.mjs"), [], {
    cwd: mkdtempSync(join(tmpdir(), "session-recipe-")),
  });
  onTestFinished(() => {
    child.process.kill("SIGKILL");
  });
  return child;
}

it("the recipe of docs/running.md ends at once behind a proxy that keeps its connections busy, and answers what is in flight", async () => {
  const child = startRecipe();
  const { origin } = JSON.parse(await child.line()) as { origin: string };
  const proxy = await proxyTo(origin);
  expect((await fetch(`${proxy.origin}/login`, { method: "POST" })).status).toBe(200);
  let isOver = false;
  const busy = Array.from({ length: 3 }, async () => {
    while (!isOver) {
      await (await fetch(`${proxy.origin}/quick`)).text();
      await sleep(5);
    }
  });
  await sleep(200);
  const slow = fetch(`${proxy.origin}/slow`).then(async (answer) => [answer.status, await answer.text()]);
  expect(await child.line()).toBe("slow");
  const sinceMs = systemClock.monoMs();
  child.process.kill("SIGTERM");
  const code = await child.end();
  const tookMs = systemClock.monoMs() - sinceMs;
  isOver = true;
  await Promise.all(busy);
  expect(await slow).toEqual([200, "/slow"]);
  expect(code).toBe(0);
  // Half a second of it for the request that was in flight.
  expect(tookMs).toBeLessThan(1_500);
}, 20_000);

it("what is not answered in time is cut off, and the session is closed all the same", async () => {
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const never = fetch(`http://127.0.0.1:${port}/`).then(
    () => "answered",
    () => "cut",
  );
  await sleep(50);
  let closed = 0;
  const session = {
    close: async () => {
      closed += 1;
    },
  };
  const shutDown = gracefulShutdown(server, session, { graceSeconds: 0.1 });
  const closing = shutDown();
  expect(shutDown()).toBe(closing);
  expect([await closing, await never, closed]).toEqual([false, "cut", 1]);
});

it("a download whose last byte is still on its way is not cut off, as Node's own close() does", async () => {
  const size = 20_000_000;
  const server = createServer((_req, res) => res.end(Buffer.alloc(size)));
  let closed = 0;
  const shutDown = gracefulShutdown(server, {
    close: async () => {
      closed += 1;
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const received = await new Promise<number>((resolve, reject) => {
    let bytes = 0;
    request({ port, agent: new Agent({ keepAlive: true }) }, (answer) => {
      answer.once("data", () => {
        answer.pause();
        const closing = shutDown();
        setTimeout(() => answer.resume(), 100);
        answer.on("end", () => closing.then(() => resolve(bytes), reject));
      });
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on("error", reject);
    }).end();
  });
  expect([received, closed]).toEqual([size, 1]);
});

it("a server that does not listen is closed; what is no server is said to be none", async () => {
  const session = { close: async () => {} };
  expect(await gracefulShutdown(createServer(), session)()).toBe(true);
  for (const wrong of [undefined, {}, { listen() {} }]) {
    expect(() => gracefulShutdown(wrong as never, session)).toThrow("Node's server");
  }
  expect(() => gracefulShutdown(createServer(), undefined as never)).toThrow("session instance");
  expect(() => gracefulShutdown(createServer(), session, { graceSeconds: -1 })).toThrow("graceSeconds");
});

it("the answer to a request that was under way says that its connection ends, so that a proxy sends nothing behind it", async () => {
  let answer = (): void => {};
  const server = createServer((_req, res) => {
    answer = () => res.end("done");
  });
  const shutDown = gracefulShutdown(server, { close: async () => {} });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const connection = new Promise<string | undefined>((resolve, reject) => {
    request({ port, agent }, (response) => {
      response.resume();
      resolve(response.headers.connection);
    })
      .on("error", reject)
      .end();
  });
  await sleep(50);
  const closing = shutDown();
  answer();
  expect([await connection, await closing]).toEqual(["close", true]);
  agent.destroy();
});

it("a connection that asks for the first time only then is answered, and told that it ends", async () => {
  const server = createServer((_req, res) => res.end("done"));
  const shutDown = gracefulShutdown(server, { close: async () => {} });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const early = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
  await new Promise((resolve) => server.once("connection", resolve));
  const closing = shutDown();
  let answer = "";
  early.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  early.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await new Promise((resolve) => early.once("close", resolve));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n/is);
  expect(await closing).toBe(true);
});

it("a connection whose answer had begun before is closed as soon as that has ended", async () => {
  let finish = (): void => {};
  const server = createServer((_req, res) => {
    res.write("first");
    finish = () => res.end("last");
  });
  const shutDown = gracefulShutdown(server, { close: async () => {} }, { graceSeconds: 2 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const agent = new Agent({ keepAlive: true });
  const text = await new Promise<string>((resolve, reject) => {
    request({ port: (server.address() as AddressInfo).port, agent }, (answer) => {
      const closing = shutDown();
      let received = "";
      answer.setEncoding("utf8").on("data", (part: string) => {
        received += part;
      });
      answer.on("end", () => closing.then((isInTime) => resolve(`${received} ${isInTime}`), reject));
      finish();
    }).end();
  });
  expect(text).toBe("firstlast true");
  agent.destroy();
});

it("a connection of HTTP/2 is told to go, and ends when it has been answered", async () => {
  let answer = (): void => {};
  const server = createHttp2Server((_req, res) => {
    answer = () => res.end("done");
  });
  const shutDown = gracefulShutdown(server, { close: async () => {} }, { graceSeconds: 2 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = client.request({ ":path": "/" });
  const body = new Promise<string>((resolve) => {
    let text = "";
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    stream.on("end", () => resolve(text));
  });
  await new Promise((resolve) => server.once("request", resolve));
  const closing = shutDown();
  answer();
  expect([await body, await closing]).toEqual(["done", true]);
  client.destroy();
});
