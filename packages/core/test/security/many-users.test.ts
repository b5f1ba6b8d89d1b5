import { AsyncLocalStorage } from "node:async_hooks";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  connect,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { bindSession } from "../../src/adapter/bind-session.js";
import { Exchange, exchangeOn } from "../../src/http/exchange.js";
import { NodeRequest, NodeResponse } from "../../src/http/node-http.js";
import { silentLogger } from "../../src/runtime/logger.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { APP_INFO, startApp, type TestApp } from "../support/http-app.js";

let app: TestApp | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

/** A request and a response without a socket, so that 100 000 of them take seconds. */
class PlainResponse {
  readonly headers = new Map<string, number | string | readonly string[]>();
  headersSent = false;
  writableEnded = false;
  statusCode = 200;
  setHeader(name: string, value: string | readonly string[]): void {
    this.headers.set(name.toLowerCase(), value);
  }
  getHeader(name: string): number | string | string[] | undefined {
    return this.headers.get(name.toLowerCase()) as number | string | string[] | undefined;
  }
  removeHeader(name: string): void {
    this.headers.delete(name.toLowerCase());
  }
  end(): void {
    this.writableEnded = true;
  }
}
interface PlainRequest {
  method: string;
  url: string;
  headers: Record<string, string | undefined>;
}

describe("contexts never bleed [sec CC-07]", () => {
  it("100 000 interleaved requests of 1000 users, half of them through userContext and AsyncLocalStorage: each gets its own", async () => {
    const seen: string[] = [];
    const als = new AsyncLocalStorage<string>();
    const { session } = bindSession<PlainRequest, PlainResponse>(
      {
        appInfo: APP_INFO,
        store: new MemoryStore(),
        logger: silentLogger,
        refreshRateLimit: false,
        override: {
          functions: (original) => ({
            ...original,
            async getSession(input) {
              await nextTurn();
              const found = await original.getSession(input);
              if (
                found?.getUserId() !== input.userContext.user ||
                als.getStore() !== input.userContext.user
              ) {
                seen.push(`${found?.getUserId()} in the context of ${String(input.userContext.user)}`);
              }
              return found;
            },
          }),
        },
      },
      (req, res) => exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res))),
    );
    const users = await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        const created = await session.createNewSessionWithoutRequestResponse(`user-${n}`, { n });
        return { id: `user-${n}`, n, token: created.getAccessToken() };
      }),
    );
    let answered = 0;
    const request = async (k: number): Promise<void> => {
      // A stride that is prime to 1000: neighbours are never the same user.
      const user = users[(k * 617) % 1000] as (typeof users)[number];
      const req = {
        method: "GET",
        url: "/",
        headers:
          k % 2 === 0
            ? { authorization: `Bearer ${user.token}` }
            : { cookie: `a=b; sAccessToken=${user.token}` },
      };
      const res = new PlainResponse();
      await als.run(user.id, async () => {
        const found = await session.getSession(req, res, {}, { user: user.id });
        if (k % 10 === 0) await found.mergeIntoAccessTokenPayload({ seen: k });
        const again = await session.getSession(req, res, {}, { user: user.id });
        const payload = found.getAccessTokenPayload() as { n?: number };
        if (found.getUserId() !== user.id || payload.n !== user.n || again !== found) {
          seen.push(`${found.getUserId()} instead of ${user.id}`);
        }
        const front = res.getHeader("front-token");
        if (
          typeof front === "string" &&
          !Buffer.from(front, "base64").toString().includes(`"uid":"${user.id}"`)
        ) {
          seen.push(`tokens of another user for ${user.id}`);
        }
        if ((front !== undefined) !== (k % 10 === 0)) seen.push(`tokens nobody asked for, for ${user.id}`);
      });
      answered += 1;
    };
    for (let start = 0; start < 100_000; start += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, n) => request(start + n)));
    }
    expect(seen.slice(0, 5)).toEqual([]);
    expect(answered).toBe(100_000);
    await session.close();
  }, 120_000);

  it("two instances on one server know nothing of each other's sessions", async () => {
    app = await startApp();
    const stranger = await startApp();
    const client = app.client("cookie");
    await client.send("POST", "/login");
    const there = Object.assign(client.copy(), { origin: stranger.origin });
    expect((await there.send("GET", "/me")).status).toBe(401);
    expect((await there.refresh()).status).toBe(401);
    expect((await client.send("GET", "/me")).status).toBe(200);
    await stranger.close();
  });
});

describe("nothing ends the process [sec CC-08]", () => {
  it("a store that fails in every way at every moment leaves no rejection unhandled", async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listener);
    const instance = await startApp();
    app = instance;
    const client = instance.client("cookie");
    await client.send("POST", "/login");
    let n = 0;
    instance.store.fail = () => (["before", "after", undefined] as const)[n++ % 3];
    for (let round = 0; round < 20; round += 1) {
      const twin = client.copy();
      await Promise.all([
        twin.send("POST", "/login"),
        twin.refresh(),
        twin.send("GET", "/checked"),
        twin.send("POST", "/merge", {}, `{"n":${round}}`),
        client.copy().send("POST", "/auth/signout"),
        instance.client().send("POST", "/login"),
      ]);
      instance.clock.advanceMs(13 * 3_600_000);
    }
    instance.store.fail = undefined;
    await nextTurn();
    process.off("unhandledRejection", listener);
    expect(unhandled).toEqual([]);
    const after = instance.client("cookie");
    expect((await after.send("POST", "/login")).status).toBe(200);
    expect((await after.refresh()).status).toBe(200);
  });
});

describe("requests as transports make them", () => {
  it("HTTP/2 splits Cookie into fields: they are joined again [sec A-03]", async () => {
    type Req = IncomingMessage | Http2ServerRequest;
    type Res = ServerResponse | Http2ServerResponse;
    const { session, adapter } = bindSession<Req, Res>(
      { appInfo: APP_INFO, store: new MemoryStore(), logger: silentLogger },
      (req, res) =>
        exchangeOn(req, () => new Exchange(new NodeRequest(req), new NodeResponse(res as ServerResponse))),
    );
    const answer = async (req: Req, res: Res): Promise<void> => {
      const exchange = exchangeOn(
        req,
        () => new Exchange(new NodeRequest(req), new NodeResponse(res as ServerResponse)),
      );
      try {
        if (await adapter.handleEndpoint(exchange)) return;
        if (req.url === "/login") await session.createNewSession(req, res, "user-1");
        else await session.getSession(req, res);
        (res as ServerResponse).end("{}");
      } catch (error) {
        await adapter.answerError(exchange, error);
      }
    };
    const server = createHttp2Server((req, res) => void answer(req, res));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const ask = (method: string, path: string, headers: Record<string, string | string[]>) =>
      new Promise<{ status: number; cookies: string[] }>((resolve, reject) => {
        const stream = client.request({ ":method": method, ":path": path, ...headers });
        stream.on("error", reject);
        stream.on("response", (head) => {
          stream.resume();
          stream.on("end", () =>
            resolve({ status: Number(head[":status"]), cookies: head["set-cookie"] ?? [] }),
          );
        });
        stream.end();
      });
    const login = await ask("POST", "/login", { "st-auth-mode": "cookie" });
    expect([login.status, login.cookies.length]).toEqual([200, 2]);
    const [access = "", refresh = ""] = login.cookies.map((line) => line.split(";")[0] as string);
    for (const cookie of [
      ["a=1", access, "b=2"],
      [`a=1; ${access}`, "c=3"],
      ["x=y", "z", access],
    ]) {
      expect((await ask("GET", "/me", { cookie })).status).toBe(200);
    }
    const refreshed = await ask("POST", "/auth/session/refresh", {
      cookie: ["a=1", access, refresh],
      rid: "session",
    });
    expect([refreshed.status, refreshed.cookies.length]).toEqual([200, 2]);
    client.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await session.close();
  });

  it("a framework that hands out Cookie as a list is understood alike [sec A-03]", () => {
    const req = new NodeRequest({ headers: { cookie: ["a=1", "sAccessToken=x"], "x-list": ["1", "2"] } });
    expect(req.cookie("sAccessToken")).toBe("x");
    expect(req.header("x-list")).toBe("1, 2");
  });

  it("both cookies of a session survive beside the application's own [sec A-02]", async () => {
    app = await startApp(
      {},
      {
        "POST /own": async (req, res, session) => {
          res.setHeader("set-cookie", ["own=1; Path=/", "other=2"]);
          await session.createNewSession(req, res, "user-1");
        },
        "POST /one": async (req, res, session) => {
          res.setHeader("set-cookie", "own=1; Path=/");
          await session.createNewSession(req, res, "user-1");
        },
      },
    );
    for (const [path, own] of [
      ["/own", ["own", "other"]],
      ["/one", ["own"]],
    ] as const) {
      const response = await app.client("cookie").send("POST", path);
      expect(response.setCookies.map(({ name }) => name)).toEqual([...own, "sAccessToken", "sRefreshToken"]);
    }
  });
});
