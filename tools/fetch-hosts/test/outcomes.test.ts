import assert from "node:assert/strict";
import { WireClient } from "@acme/session-conformance";
import { createSession, type FetchSession, MemoryStore, type SessionOptions } from "@acme/session-fetch";
import { node } from "@elysiajs/node";
import { Elysia } from "elysia";
import { H3, HTTPError, noContent, redirect, serve, setCookie, toResponse } from "h3";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { ListeningElysia, NodeServer } from "../src/elysia.ts";

const OURS = ["sAccessToken", "sRefreshToken"];
/** Path, status, body (undefined: the host's own), cookies of the application. */
type End = readonly [path: string, status: number, body: string | undefined, appCookies?: string[]];

function newSession(options: SessionOptions = {}): FetchSession {
  return createSession({
    ...options,
    appInfo: { appName: "outcomes", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
    store: new MemoryStore(),
    logger: { debug() {}, info() {}, warn() {} },
  });
}

/** For a response that cannot be written to. */
const fetched = (): Promise<Response> => fetch("data:text/plain,fetched");

function itKeepsBothCookies(ends: readonly End[], origin: () => string): void {
  for (const [path, status, body, appCookies = []] of ends) {
    it(`WE-01, T1: both cookies are on ${path.slice(1)}, each in a line of its own`, async () => {
      const response = await new WireClient(origin()).get(path);
      assert.equal(response.status, status);
      if (body !== undefined) assert.equal(response.body, body);
      assert.deepEqual(response.setCookies.map(({ name }) => name).sort(), [...appCookies, ...OURS].sort());
    });
  }
}

describe("h3 on srvx", () => {
  const Session = newSession();
  let server: ReturnType<typeof serve>;
  beforeAll(async () => {
    const config = { silent: true };
    const app = new H3(config);
    app.use((event, next) =>
      Session.fetch(async () => {
        try {
          return await toResponse(await next(), event);
        } catch (error) {
          if (Session.Error.is(error)) throw error;
          return toResponse(Promise.reject(error), event, config);
        }
      })(event.req),
    );
    app.use((event) => Session.createNewSession(event.req, undefined, "user-1").then(() => undefined));
    app.get("/json", () => ({ ok: true }));
    app.get("/text", () => "text");
    app.get("/raw", () => new Response("raw", { status: 201 }));
    app.get("/own-cookies", (event) => {
      setCookie(event, "app-one", "1");
      return new Response("own", { headers: { "set-cookie": "app-two=2" } });
    });
    app.get("/redirect", () => redirect("/elsewhere"));
    app.get("/fetched", fetched);
    app.get("/stream", () => new Blob(["streamed"]).stream());
    app.get("/empty", () => noContent());
    app.get("/thrown", () => {
      throw new Error("the application's own");
    });
    app.get("/refused", () => {
      throw new HTTPError({ status: 401, message: "refused" });
    });
    const mounted = new H3().get("/whoami", async (event) => {
      const [one, two] = [
        await Session.getSession(event.req, undefined),
        await Session.getSession(event.req, undefined),
      ];
      return { isOne: one === two && one === Session.of(event.req) };
    });
    app.mount("/mounted", mounted);
    app.get("/raw-401", () => new Response("raw", { status: 401 }));
    server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
  });
  afterAll(() => server.close(true));

  itKeepsBothCookies(
    [
      ["/json", 200, '{"ok":true}'],
      ["/text", 200, "text"],
      ["/raw", 201, "raw"],
      ["/own-cookies", 200, "own", ["app-one", "app-two"]],
      ["/redirect", 302, undefined],
      ["/fetched", 200, "fetched"],
      ["/stream", 200, "streamed"],
      ["/empty", 204, ""],
      ["/thrown", 500, undefined],
      ["/missing", 404, undefined],
      ["/mounted/whoami", 200, '{"isOne":true}'],
    ],
    () => new URL(server.url ?? "").origin,
  );
  for (const [path, status] of [
    ["/refused", 401],
    ["/raw-401", 401],
    ["/redirect", 302],
    ["/thrown", 500],
  ] as const) {
    it(`WE-08, T8: both cookies are on ${status} from ${path.slice(1)}`, async () => {
      const response = await new WireClient(new URL(server.url ?? "").origin).get(path);
      assert.equal(response.status, status);
      assert.deepEqual(response.setCookies.map(({ name }) => name).sort(), OURS);
    });
  }
});

describe("Elysia on Node", () => {
  const Session = newSession({
    override: {
      apis: (original) => ({
        ...original,
        refreshPOST: async () => {
          throw new Error("the application's own");
        },
      }),
    },
  });
  const sessions = new Elysia({ name: "sessions" })
    .wrap((handle) => {
      const ours = Session.fetch((request) => handle(request) as unknown as Promise<Response>);
      return (request: Request) =>
        ours(request).catch(() =>
          Session.apply(request, new Response("Internal Server Error", { status: 500 })),
        );
    })
    .onError({ as: "global" }, ({ request, error }) => {
      Session.caught(request, error);
    });
  let server: NodeServer;
  let guardRuns = 0;
  beforeAll(async () => {
    const guardOf = (as: "local" | "scoped" | "global") =>
      new Elysia({ name: `guard-${as}` }).resolve({ as } as { as: "scoped" }, async ({ request }) => {
        guardRuns += 1;
        return { session: await Session.getSession(request, undefined) };
      });
    const login = new Elysia({ name: "login" }).onBeforeHandle({ as: "scoped" }, async ({ request }) => {
      await Session.createNewSession(request, undefined, "user-1");
    });
    const ends = new Elysia()
      .use(login)
      .get("/json", () => ({ ok: true }))
      .get("/text", () => "text")
      .get("/raw", () => new Response("raw", { status: 201 }))
      .get("/own-cookies", ({ cookie }) => {
        cookie["app-one"]?.set({ value: "1", path: "/" });
        return "own";
      })
      .get("/redirect", ({ redirect: to, request }) => to(new URL("/elsewhere", request.url).href))
      .get("/fetched", fetched)
      .get("/stream", () => new Response(new Blob(["streamed"]).stream()))
      .get("/empty", ({ set }) => {
        set.status = 204;
      })
      .get("/thrown", () => {
        throw new Error("the application's own");
      })
      .get("/missing", ({ status }) => status(404, "nothing here"));
    const scopes = new Elysia()
      .use(new Elysia().use(guardOf("local")).get("/child-of-local", () => "child"))
      .use(new Elysia().use(guardOf("scoped")).get("/beside-scoped", () => "beside"))
      .get("/parent", () => "parent");
    const app = new Elysia({ adapter: node() }).use(sessions).use(ends).use(scopes);
    server = await new Promise((resolve) => {
      app.listen({ port: 0, hostname: "127.0.0.1" }, (started) =>
        resolve((started as unknown as ListeningElysia).raw),
      );
    });
    await server.ready();
  });
  afterAll(() => server.close(true));

  itKeepsBothCookies(
    [
      ["/json", 200, '{"ok":true}'],
      ["/text", 200, "text"],
      ["/raw", 201, "raw"],
      ["/own-cookies", 200, "own", ["app-one"]],
      ["/redirect", 302, ""],
      ["/fetched", 200, "fetched"],
      ["/stream", 200, "streamed"],
      ["/empty", 204, ""],
      ["/thrown", 500, undefined],
      ["/missing", 404, "nothing here"],
    ],
    () => new URL(server.url).origin,
  );

  it("answers 500 when an override of an endpoint throws, and the process lives", async () => {
    const response = await new WireClient(new URL(server.url).origin).refresh();
    assert.equal(response.status, 500);
  });

  it("WE-09, T9: a guard with a scope holds where it is used, a local one of a plugin protects nothing", async () => {
    const client = new WireClient(new URL(server.url).origin);
    assert.equal((await client.get("/beside-scoped")).status, 401);
    assert.equal(guardRuns, 1);
    // what the guide warns of
    assert.equal((await client.get("/child-of-local")).status, 200);
    assert.equal((await client.get("/parent")).status, 200);
    assert.equal(guardRuns, 1);
  });
});
