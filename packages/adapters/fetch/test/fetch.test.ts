import type { AddressInfo } from "node:net";
import { exchange, WireClient } from "@acme/session-conformance";
import { emailVerifiedClaim } from "@acme/session-core/claims";
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

describe("a response of the application's", () => {
  const asked = () => new Request("http://127.0.0.1/", { headers: { "st-auth-mode": "cookie" } });
  const signIn = async (request: Request, answer: Response): Promise<Response> => {
    await Session.createNewSession(request, undefined, "user-1");
    return answer;
  };
  const Session = createSession(options());

  it("that is frozen or immutable is answered with all the same, and never changed", async () => {
    for (const given of [
      new Response("text", { status: 201, statusText: "Made", headers: { "x-own": "1" } }),
      Object.freeze(await fetch("data:text/plain,text")),
      Response.redirect("http://127.0.0.1/elsewhere", 303),
    ]) {
      const answer = await Session.fetch((request) => signIn(request, given))(asked());
      expect(answer).not.toBe(given);
      expect([answer.status, answer.statusText]).toEqual([given.status, given.statusText]);
      for (const [name, value] of given.headers) expect(answer.headers.get(name)).toBe(value);
      expect(answer.headers.getSetCookie()).toHaveLength(2);
      expect(given.headers.getSetCookie()).toEqual([]);
    }
  });

  it("that nothing can be put on goes out as the object it is", async () => {
    const given = Response.error();
    expect(await Session.fetch((request) => signIn(request, given))(asked())).toBe(given);
  });

  it("goes out as the object it is where there is nothing to write", async () => {
    const given = new Response("text");
    expect(await Session.fetch(() => given)(asked())).toBe(given);
  });

  it("that an error handler of the application's answers everybody with keeps nothing of the first visitor", async () => {
    const denied = Response.json({ denied: true }, { status: 403 });
    const Own = createSession({ ...options(), errorHandlers: { onUnauthorised: () => denied } });
    const host = Own.fetch(async (request) => {
      try {
        await Own.getSession(request, undefined);
      } catch (error) {
        Own.caught(request, error);
      }
      return new Response("the host's", { status: 500, headers: { "set-cookie": "visitor=alice" } });
    });
    expect((await host(asked())).headers.getSetCookie()).toEqual(["visitor=alice"]);
    expect(denied.headers.getSetCookie()).toEqual([]);
  });
});

it("a body that is too long for our endpoints is answered, and not read to its end", async () => {
  const verified = emailVerifiedClaim({ endpoints: true, isVerified: () => false, consumeToken: () => {} });
  const Session = createSession({ ...options(), plugins: [verified] });
  let read = 0;
  const client = await clientOf((request) => {
    const counting = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        read += chunk.length;
        controller.enqueue(chunk);
      },
    });
    const { method, url, headers } = request;
    const body = request.body?.pipeThrough(counting) ?? null;
    const copy = new Request(url, { method, headers, body, duplex: "half" } as RequestInit);
    return Session.fetch(() => new Response("not ours", { status: 404 }))(copy);
  });
  const sent = await exchange({
    method: "POST",
    url: `${client.base}/auth/user/email/verify`,
    headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
    body: Buffer.alloc(8 * 1024 * 1024, " "),
  }).then(
    ({ status, json }) => [status, json],
    () => "connection closed",
  );
  // A host may close the connection under somebody who goes on sending.
  expect(["connection closed", [400, { message: "the body is too long" }]]).toContainEqual(sent);
  expect(read).toBeLessThan(512 * 1024);
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
