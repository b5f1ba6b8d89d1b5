import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { NodeRequest, NodeResponse } from "./node-http.js";

let stop: (() => void) | undefined;
afterEach(() => stop?.());

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Runs `handle` behind a real socket and returns what a client saw. */
async function serve(
  handle: (
    req: NodeRequest,
    res: NodeResponse,
    native: { req: IncomingMessage; res: ServerResponse },
  ) => void,
  options: RequestOptions = {},
): Promise<Answer> {
  const server = createServer((req, res) =>
    handle(new NodeRequest(req), new NodeResponse(res), { req, res }),
  );
  stop = () => server.close();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const req = request({ port, host: "127.0.0.1", agent: false, ...options }, (res) => {
      let body = "";
      res.on("data", (chunk) => {
        body += String(chunk);
      });
      res.on("end", () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
    });
    req.on("error", reject);
    req.end();
  });
}

describe("NodeRequest", () => {
  it("shows method, URL as sent, headers in any case, and cookies [wire I-5…I-7]", async () => {
    let seen: unknown;
    await serve(
      (req, res, { req: native }) => {
        seen = [
          req.method,
          req.getMethod(),
          req.url,
          req.getHeaderValue("ST-Auth-Mode"),
          req.header("absent"),
          req.cookieValues("a"),
          req.getCookieValue("a"),
          req.getKeyValueFromQuery("q"),
          req.getKeyValueFromQuery("none"),
          req.original === native,
        ];
        res.finish(null);
      },
      {
        method: "PATCH",
        path: "/x%20y?q=1%262",
        headers: { "st-auth-mode": "cookie", Cookie: ["a=1; b=2", "a=3"] },
      },
    );
    expect(seen).toEqual([
      "PATCH",
      "patch",
      "/x%20y?q=1%262",
      "cookie",
      undefined,
      ["1", "3"],
      "1",
      "1&2",
      undefined,
      true,
    ]);
  });

  it("takes the URL before a router cut its mount path off", () => {
    expect(new NodeRequest({ method: "GET", url: "/me", originalUrl: "/api/me", headers: {} }).url).toBe(
      "/api/me",
    );
    expect(new NodeRequest({ headers: {} }).method + new NodeRequest({ headers: {} }).url).toBe("GET/");
  });

  it("does not look into a Cookie header above 16 KB [sec D-01]", () => {
    const at = (length: number) => new NodeRequest({ headers: { cookie: "a=1; ".padEnd(length, "x") } });
    expect([at(16_384).cookie("a"), at(16_384).hasOversizedCookies]).toEqual(["1", false]);
    expect([at(16_385).cookie("a"), at(16_385).cookieValues("a"), at(16_385).onlyCookie("a")]).toEqual([
      undefined,
      [],
      undefined,
    ]);
    expect(at(16_385).hasOversizedCookies).toBe(true);
  });
});

describe("NodeResponse", () => {
  it("writes status, headers and cookies beside the application's own [sec C-07]", async () => {
    const answer = await serve((_, res, { res: native }) => {
      native.setHeader("Set-Cookie", "theme=dark");
      native.setHeader("X-Number", 7);
      const cookie = {
        name: "a",
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "lax",
        expiresMs: 0,
      } as const;
      res.setCookie({ ...cookie, value: "1" });
      res.setCookie({ ...cookie, value: "2" });
      res.setHeader("X-A", "1");
      res.setHeader("X-B", "1");
      res.removeHeader("x-b");
      res.setStatus(201);
      res.setHeader("X-Copy", `${res.getHeader("x-number")} ${res.getHeader("X-A")} ${res.getHeader("x-b")}`);
      expect(res.committed).toBe(false);
      res.sendJSONResponse({ ok: true });
      expect(res.committed).toBe(true);
    });
    expect([answer.status, answer.body, answer.headers["x-copy"]]).toEqual([
      201,
      '{"ok":true}',
      "7 1 undefined",
    ]);
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.headers["set-cookie"]?.map((line) => line.split(";", 1)[0])).toEqual(["theme=dark", "a=2"]);
  });

  it("keeps a list of the application's cookies, however it was set", async () => {
    const answer = await serve((_, res, { res: native }) => {
      native.setHeader("Set-Cookie", ["one=1", "two=2"]);
      res.setCookie({
        name: "a",
        value: "1",
        path: "/",
        secure: false,
        httpOnly: true,
        sameSite: "lax",
        expiresMs: 0,
      });
      res.finish(null);
    });
    expect(answer.headers["set-cookie"]?.map((line) => line.split(";", 1)[0])).toEqual([
      "one=1",
      "two=2",
      "a=1",
    ]);
  });

  it("does nothing once the application has answered: the first answer wins", async () => {
    const answer = await serve((_, res, { res: native }) => {
      native.end("first");
      res.setStatus(500);
      res.setHeader("X-Late", "1");
      res.removeHeader("content-length");
      res.setCookie({
        name: "a",
        value: "1",
        path: "/",
        secure: false,
        httpOnly: true,
        sameSite: "lax",
        expiresMs: 0,
      });
      res.sendJSONResponse({ second: true });
    });
    expect([answer.status, answer.body, answer.headers["x-late"], answer.headers["set-cookie"]]).toEqual([
      200,
      "first",
      undefined,
      undefined,
    ]);
  });
});
