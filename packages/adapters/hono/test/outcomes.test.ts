import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { setCookie } from "hono/cookie";
import { HTTPException } from "hono/http-exception";
import { stream } from "hono/streaming";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSession, MemoryStore } from "../src/index.js";

const OURS = ["sAccessToken", "sRefreshToken"];
const ENDS: readonly [path: string, status: number, body: string, appCookies?: string[]][] = [
  ["/json", 200, '{"ok":true}'],
  ["/text", 200, "text"],
  ["/raw", 201, "raw"],
  ["/own-cookies", 200, "own", ["app-before", "app-one", "app-two"]],
  ["/redirect", 302, ""],
  ["/fetched", 200, "fetched"],
  ["/stream", 200, "streamed"],
  ["/empty", 204, ""],
  ["/thrown", 500, "failed"],
  ["/http-exception", 418, "short and stout"],
  ["/missing", 404, "404 Not Found"],
];

describe("every way in which a handler ends", () => {
  const Session = createSession({
    appInfo: { appName: "outcomes", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: { debug() {}, info() {}, warn() {} },
  });
  let server: ReturnType<typeof serve>;
  let origin: string;
  beforeAll(async () => {
    const app = new Hono();
    app.use(Session.middleware());
    app.use(async (c, next) => {
      if (c.req.path === "/own-cookies") setCookie(c, "app-before", "0");
      await Session.createNewSession(c, "user-1");
      await next();
    });
    app.get("/json", (c) => c.json({ ok: true }));
    app.get("/text", (c) => c.text("text"));
    app.get("/raw", () => new Response("raw", { status: 201 }));
    app.get("/own-cookies", (c) => {
      setCookie(c, "app-one", "1");
      setCookie(c, "app-two", "2");
      return c.text("own");
    });
    app.get("/redirect", (c) => c.redirect("/elsewhere"));
    app.get("/fetched", () => fetch("data:text/plain,fetched"));
    app.get("/stream", (c) => stream(c, async (sink) => void (await sink.write("streamed"))));
    app.get("/empty", (c) => c.body(null, 204));
    app.get("/thrown", () => {
      throw new Error("the application's own");
    });
    app.get("/http-exception", () => {
      throw new HTTPException(418, { message: "short and stout" });
    });
    app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text("failed", 500)));
    server = await new Promise((resolve) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(started));
    });
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await Session.close();
  });

  it.each(ENDS)(
    "WE-01, T1: both cookies are on %s, each in a line of its own",
    async (path, status, body, appCookies = []) => {
      const response = await new WireClient(origin).get(path);
      expect([response.status, response.body]).toEqual([status, body]);
      expect(response.setCookies.map(({ name }) => name).sort()).toEqual([...appCookies, ...OURS].sort());
    },
  );
});
