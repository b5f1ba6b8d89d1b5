import type { AddressInfo } from "node:net";
import { WireClient } from "@acme/session-conformance";
import { serve } from "@hono/node-server";
import { build } from "esbuild";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createSession, type FetchHandler, MemoryStore, type SessionOptions } from "../src/index.js";

const options = (): SessionOptions => ({
  appInfo: { appName: "fetch", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
  store: new MemoryStore(),
  logger: { debug() {}, info() {}, warn() {} },
});

const servers: ReturnType<typeof serve>[] = [];

/** A client of a handler that is served over a socket. */
async function clientOf(fetch: FetchHandler): Promise<WireClient> {
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch, port: 0, hostname: "127.0.0.1" }, () => resolve(started));
  });
  servers.push(server);
  return new WireClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe("a handler that throws", () => {
  it("WE-07, T7: runs once, in fetch and in withSession, and its error goes on as the same object", async () => {
    const Session = createSession(options());
    const foreign = new Error("the application's own");
    const seen: unknown[] = [];
    let runs = 0;
    const application = Session.fetch((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/login") return login(request);
      const failing = (): Response => {
        runs += 1;
        throw foreign;
      };
      return pathname === "/guarded" ? Session.withSession(request, failing) : failing();
    });
    async function login(request: Request): Promise<Response> {
      await Session.createNewSession(request, undefined, "user-1");
      return Response.json({});
    }
    const client = await clientOf(async (request) => {
      try {
        return await application(request);
      } catch (error) {
        seen.push(error);
        return new Response("failed", { status: 500 });
      }
    });
    await client.get("/login");
    for (const path of ["/plain", "/guarded"]) expect((await client.get(path)).status).toBe(500);
    expect([runs, seen.length, seen.every((error) => error === foreign)]).toEqual([2, 2, true]);
  });
});

describe("an error that the host has made a response of", () => {
  it("is answered by fetch, when it is ours; what stood on the host's response stays, but for its body", async () => {
    const Session = createSession(options());
    const client = await clientOf(
      Session.fetch(async (request) => {
        const headers = new Headers({
          "content-type": "text/html",
          "content-language": "en",
          "x-host": "1",
          etag: '"1"',
        });
        headers.append("set-cookie", "app=1");
        try {
          await Session.getSession(request, undefined);
        } catch (error) {
          expect(Session.caught(request, error)).toBe(true);
        }
        return new Response("<h1>500</h1>", { status: 500, headers });
      }),
    );
    const response = await client.get("/");
    expect([response.status, response.json]).toEqual([401, { message: "unauthorised" }]);
    expect(response.header("content-type")).toBe("application/json; charset=utf-8");
    expect(response.header("x-host")).toBe("1");
    expect([response.header("content-language"), response.header("etag")]).toEqual([undefined, undefined]);
    expect(response.setCookies.map(({ name }) => name)).toEqual(["app"]);
  });

  it("is the host's, when it is not ours", async () => {
    const Session = createSession(options());
    const client = await clientOf(
      Session.fetch((request) => {
        expect(Session.caught(request, new Error("the application's own"))).toBe(false);
        return new Response("the host's", { status: 500 });
      }),
    );
    const response = await client.get("/");
    expect([response.status, response.body]).toEqual([500, "the host's"]);
  });
});

describe("what it takes of the runtime", () => {
  it("WE-05, T3: an import that is not used leaves nothing in a bundle", async () => {
    const { outputFiles } = await build({
      stdin: { contents: 'import "@acme/session-fetch";', resolveDir: import.meta.dirname },
      logLevel: "silent",
      bundle: true,
      write: false,
      format: "esm",
      minify: true,
    });
    expect(outputFiles[0]?.text.trim()).toBe("");
  });

  it.each(["before", "after"])(
    "WE-12, T15: globals that a host replaces %s the import are the ones that are used",
    async (when) => {
      const real = { Request, Response, Headers };
      const replace = (): void => {
        for (const [name, Real] of Object.entries(real)) {
          vi.stubGlobal(name, class extends (Real as typeof Response) {});
        }
      };
      vi.resetModules();
      try {
        if (when === "before") replace();
        const { createSession: create } = await import("../src/index.js");
        if (when === "after") replace();
        const Session = create(options());
        const application = Session.fetch(async (request) => {
          await Session.createNewSession(request, undefined, "user-1");
          return fetch("data:text/plain,fetched");
        });
        // neither the request nor the response is of the global's kind, and the response has to be rebuilt
        const ours = await application(new real.Request("http://127.0.0.1/"));
        expect(ours).toBeInstanceOf(Response);
        expect(await ours.text()).toBe("fetched");
        expect(ours.headers.getSetCookie().join()).toMatch(/sAccessToken=./);
        expect((await Session.handler(new Request("http://127.0.0.1/auth/jwt/jwks.json")))?.status).toBe(200);
      } finally {
        vi.unstubAllGlobals();
      }
    },
  );

  it("WE-13: Headers that cannot tell cookies apart are refused at once, and named", () => {
    const { getSetCookie } = Headers.prototype;
    Reflect.deleteProperty(Headers.prototype, "getSetCookie");
    try {
      expect(() => createSession(options())).toThrow(/Headers has no getSetCookie/);
    } finally {
      Object.defineProperty(Headers.prototype, "getSetCookie", {
        value: getSetCookie,
        configurable: true,
        writable: true,
      });
    }
  });

  it("T14: options from the environment are asked for once for each, on its first request", async () => {
    interface Env {
      name: string;
    }
    const asked: string[] = [];
    const sessionOf = createSession((env: Env) => {
      asked.push(env.name);
      return options();
    });
    expect(asked).toEqual([]);
    const [one, two] = [{ name: "one" }, { name: "two" }];
    expect(sessionOf(one)).toBe(sessionOf(one));
    expect(sessionOf(two)).not.toBe(sessionOf(one));
    expect(asked).toEqual(["one", "two"]);
    const client = await clientOf((request) => {
      const Session = sessionOf(one);
      return Session.fetch(async () => {
        if (request.url.endsWith("/login")) await Session.createNewSession(request, undefined, "user-1");
        return Response.json({ userId: (await Session.getSession(request, undefined)).getUserId() });
      })(request);
    });
    await client.get("/login");
    expect((await client.get("/me")).json).toEqual({ userId: "user-1" });
  });
});
