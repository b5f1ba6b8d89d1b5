import { connect } from "node:net";
import { expect, it } from "vitest";
import { canConnect } from "../src/can-connect.ts";
import { findServer, startPrivateServer, TcpProxy } from "../src/index.ts";
import { findBinary } from "../src/server-kind.ts";

const redis = findBinary(["redis-server", "valkey-server"]);

it.runIf(redis !== undefined)("starts, freezes, kills and restarts a server of its own", async () => {
  const server = await startPrivateServer("redis");
  try {
    expect(await canConnect("redis", server.host, server.port)).toBe(true);
    server.freeze();
    expect(await canConnect("redis", server.host, server.port)).toBe(false);
    server.thaw();
    expect(await canConnect("redis", server.host, server.port)).toBe(true);
    await server.kill();
    expect(await canConnect("redis", server.host, server.port)).toBe(false);
    await server.restart();
    expect(await canConnect("redis", server.host, server.port)).toBe(true);
  } finally {
    await server.stop();
  }
});

it.runIf(redis !== undefined)("breaks connections in every way it knows", async () => {
  const server = await startPrivateServer("redis");
  const proxy = await TcpProxy.start(server);
  try {
    expect(await canConnect("redis", "127.0.0.1", proxy.port)).toBe(true);
    for (const fault of [
      { blackHole: true },
      { replyDelayMs: 5_000 },
      { cutReplyEvery: 1 },
      { refuse: true },
    ]) {
      proxy.fault = fault;
      expect(await canConnect("redis", "127.0.0.1", proxy.port)).toBe(false);
    }
    proxy.fault = {};
    const open = connect(proxy.port, "127.0.0.1");
    await new Promise((resolve) => open.once("connect", resolve));
    const closed = new Promise<string>((resolve) => {
      open.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    });
    open.write("PING\r\n");
    await new Promise((resolve) => open.once("data", resolve));
    proxy.cutAll();
    expect(await closed).toBe("ECONNRESET");
  } finally {
    await proxy.stop();
    await server.stop();
  }
});

it("takes the server that the environment names before any other", async () => {
  process.env.TEST_REDIS_URL = "redis://elsewhere:1";
  try {
    expect(await findServer("redis")).toMatchObject({ urls: ["redis://elsewhere:1"], how: "TEST_REDIS_URL" });
  } finally {
    delete process.env.TEST_REDIS_URL;
  }
});

it.runIf(redis !== undefined)(
  "keeps pieces in order however late, and drops those it is told to",
  async () => {
    const server = await startPrivateServer("redis");
    const proxy = await TcpProxy.start(server);
    try {
      const client = connect(proxy.port, "127.0.0.1");
      let said = "";
      client.on("data", (data) => {
        said += data.toString();
      });
      proxy.fault = { jitterMs: 20 };
      for (let count = 0; count < 10; count += 1) client.write(`ECHO ${count}\r\n`);
      await expect.poll(() => said.match(/^\d$/gm)?.join("")).toBe("0123456789");
      const isKept = new Promise<void>((resolve) => {
        proxy.fault = {
          watch(direction) {
            if (direction === "request") resolve();
            return "drop";
          },
        };
      });
      client.write("ECHO dropped\r\n");
      await isKept;
      proxy.fault = {};
      client.write("ECHO passed\r\n");
      await expect.poll(() => said).toContain("passed");
      expect(said).not.toContain("dropped");
      client.destroy();
    } finally {
      await proxy.stop();
      await server.stop();
    }
  },
);
