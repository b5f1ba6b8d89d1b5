import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import type { JsonObject } from "../../src/runtime/json.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { APP_INFO, startApp, type TestApp, wrap } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { send } from "../support/wire-client.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe("how much is looked at [sec D-01]", () => {
  it("credentials above their limit count as none, over a socket that lets them through", async () => {
    const { session, adapter } = bindSession<IncomingMessage, ServerResponse>(
      { appInfo: APP_INFO, store: new MemoryStore(), logger: silentLogger, antiCsrf: "VIA_TOKEN" },
      wrap,
    );
    const server = createServer({ maxHeaderSize: 1 << 20 }, async (req, res) => {
      try {
        if (await adapter.handleEndpoint(wrap(req, res))) return;
        if (req.url === "/login") await session.createNewSession(req, res, "user-1");
        else await session.getSession(req, res);
        res.end("{}");
      } catch (error) {
        if (await adapter.answerError(wrap(req, res), error)) return;
        res.statusCode = 500;
        res.end(String(error));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const login = await send(origin, "POST", "/login", { "st-auth-mode": "cookie" });
    const access = login.cookie("sAccessToken")?.value ?? "";
    const refresh = login.cookie("sRefreshToken")?.value ?? "";
    const antiCsrf = login.header("anti-csrf") ?? "";
    const cookie = `sAccessToken=${access}; sRefreshToken=${refresh}`;
    const rid = "session";
    const fill = (length: number): string => "a".repeat(length);
    const cases: [string, number, Record<string, string>][] = [
      ["GET /", 200, { cookie }],
      ["GET /", 401, { authorization: `Bearer ${access}${fill(9000)}` }],
      ["GET /", 401, { cookie: `sAccessToken=${access}${fill(9000)}` }],
      ["GET /", 200, { cookie: `x=${fill(15_000)}; sAccessToken=${access}` }],
      ["GET /", 401, { cookie: `x=${fill(17_000)}; sAccessToken=${access}` }],
      ["GET /", 401, { cookie: fill(900_000) }],
      ["POST /", 401, { cookie, "anti-csrf": fill(257) }],
      ["POST /", 401, { cookie, "anti-csrf": `${antiCsrf}${fill(900_000)}` }],
      ["POST /", 200, { cookie, "anti-csrf": antiCsrf }],
      ["POST /auth/session/refresh", 401, { rid, authorization: `Bearer ${refresh}${fill(512)}` }],
      ["POST /auth/session/refresh", 401, { rid, cookie: `sRefreshToken=${refresh}${fill(900_000)}` }],
      ["POST /auth/session/refresh", 200, { rid, cookie, "anti-csrf": antiCsrf }],
    ];
    for (const [route, status, headers] of cases) {
      const [method, path] = route.split(" ") as [string, string];
      expect([route, (await send(origin, method, path, headers)).status]).toEqual([route, status]);
    }
    // A browser whose cookies have grown too large keeps its session: nothing tells it that it is over.
    const large = await send(origin, "POST", "/auth/session/refresh", {
      rid,
      cookie: `x=${fill(17_000)}; ${cookie}`,
    });
    expect([large.status, tokenEffect(large)]).toEqual([401, "untouched"]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await session.close();
  });

  it("payloads above 32 levels, 1000 keys or a cookie's size are refused before anything is stored [sec P-04]", async () => {
    app = await startApp();
    const nested = (depth: number): JsonObject => {
      let payload: JsonObject = {};
      for (let n = 0; n < depth; n += 1) payload = { n: payload };
      return payload;
    };
    const wide = (keys: number): JsonObject =>
      Object.fromEntries(Array.from({ length: keys }, (_, n) => [`${n}`, 0]));
    const bad: [JsonObject, string][] = [
      [nested(32), "INVALID_PAYLOAD"],
      [nested(100_000), "INVALID_PAYLOAD"],
      [wide(1001), "INVALID_PAYLOAD"],
      [{ text: "x".repeat(4000) }, "PAYLOAD_TOO_LARGE"],
    ];
    const good = await app.session.createNewSessionWithoutRequestResponse("user-1", nested(31));
    app.store.reset();
    for (const [payload, type] of bad) {
      await expect(
        app.session.createNewSessionWithoutRequestResponse("user-1", payload),
      ).rejects.toMatchObject({ type });
      await expect(good.mergeIntoAccessTokenPayload(payload)).rejects.toMatchObject({ type });
    }
    expect(app.store.calls).not.toContain("insertSession");
    expect(
      (await app.session.getSessionInformation(good.getHandle()))?.customClaimsInAccessTokenPayload,
    ).toMatchObject(nested(31));
  });
});

describe("how often [sec D-05]", () => {
  it("the 31st token of a session in a minute: 429 with Retry-After, nothing is lost, other sessions do not notice", async () => {
    app = await startApp();
    const client = app.client("cookie");
    const other = app.client("cookie");
    await client.send("POST", "/login");
    await other.send("POST", "/login");
    for (let n = 0; n < 30; n += 1) {
      expect((await client.refresh()).status).toBe(200);
      // Promoted by its access token or by its refresh token: it counts alike.
      if (n % 2 === 0) await client.send("GET", "/me");
    }
    app.clock.advanceSeconds(12);
    const refused = await client.refresh();
    expect([refused.status, refused.json]).toEqual([429, { message: "too many refreshes" }]);
    expect([refused.header("retry-after"), tokenEffect(refused)]).toEqual(["48", "untouched"]);
    expect((await other.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
    app.clock.advanceSeconds(48);
    expect((await client.refresh()).status).toBe(200);
  });
});

describe("what a flood leaves behind [sec D-04]", () => {
  it("15 000 unknown kids and secrets: memory does not grow with them", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const instance = await startApp();
    app = instance;
    const client = instance.client("header");
    await client.send("POST", "/login");
    const [, payload = "", signature = ""] = (client.accessToken ?? "").split(".");
    const parts = (client.refreshToken ?? "").split(".");
    const flood = async (from: number, to: number): Promise<void> => {
      const one = async (n: number): Promise<void> => {
        const kid = Buffer.from(JSON.stringify({ alg: "ES256", typ: "JWT", kid: `d-${n}`, version: "5" }));
        const forgedAccess = `${kid.toString("base64url")}.${payload}.${signature}`;
        await instance.session.getSessionWithoutRequestResponse(forgedAccess).catch(() => {});
        const forged = [parts[0], `id${n}`, ...parts.slice(2)].join(".");
        await instance.session.refreshSessionWithoutRequestResponse(forged).catch(() => {});
      };
      // A secret that nobody knows waits for the next look, which is up to a second away.
      for (let n = from; n < to; n += 1_000) {
        await Promise.all(Array.from({ length: 1_000 }, (_, index) => one(n + index)));
        instance.clock.advanceMs(1000);
      }
    };
    const heapAfter = async (from: number, to: number): Promise<number> => {
      await flood(from, to);
      instance.store.reset();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const warm = await heapAfter(0, 3_000);
    const full = await heapAfter(3_000, 15_000);
    expect(full - warm).toBeLessThan(2 * 1024 * 1024);
    expect((await client.send("GET", "/me")).status).toBe(200);
  }, 60_000);
});

describe("what the sources never do [sec D-06]", () => {
  const root = join(import.meta.dirname, "../../src");
  const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.test(-d)?\.ts$/.test(file))
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));

  it("evaluate text, build a pattern out of a value, or import what a value names", () => {
    expect(sources.length).toBeGreaterThan(80);
    const found = sources.flatMap(({ file, text }) =>
      [
        /\beval\s*\(/,
        /\bnew Function\b/,
        /\bRegExp\s*\(/,
        /(?<!#)\bimport\(\s*[^"'\s]/,
        /\brequire\(\s*[^"'\s)]/,
      ]
        .filter((pattern) => pattern.test(text))
        .map((pattern) => `${file}: ${pattern}`),
    );
    expect(found).toEqual([]);
  });
});
