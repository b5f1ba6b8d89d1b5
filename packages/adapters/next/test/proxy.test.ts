import { NextRequest } from "next/server.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSession, MemoryStore, type ProxyOptions, silentLogger } from "../src/index.js";

let nowMs = Date.now();
const session = createSession({
  store: new MemoryStore(),
  logger: silentLogger,
  clock: { wallMs: () => nowMs, monoMs: () => nowMs },
});
afterAll(() => session.close());

/** Cookies of somebody whose access token has expired. */
let expired: string;
beforeAll(async () => {
  const tokens = (
    await session.createNewSessionWithoutRequestResponse("alice")
  ).getAllSessionTokensDangerously();
  expired = `sAccessToken=${tokens.accessToken}; sRefreshToken=${encodeURIComponent(tokens.refreshToken ?? "")}`;
  nowMs += 2 * 3_600_000;
});

const PAGES: ProxyOptions = { redirectTo: "/login", refreshAt: "/refresh" };

/** What becomes of a request that the usual matcher hands to the proxy: every one but for files. */
async function outcome(
  line: string,
  options: ProxyOptions,
  cookie = "",
  headers: Record<string, string> = {},
): Promise<string> {
  const [method = "", path = ""] = line.split(" ");
  const url = new URL(path, "http://localhost:3000");
  const response = await session.proxy(
    new NextRequest(url, { method, headers: { cookie, ...headers } }),
    options,
  );
  if (response.headers.has("x-middleware-next")) return "goes on";
  const location = response.headers.get("location");
  return location === null ? String(response.status) : location.replace(url.origin, "");
}

describe("behind a matcher for everything", () => {
  it.each([
    "POST /auth/session/refresh",
    "POST /auth/session/refresh/",
    "POST /auth/public/session/refresh",
    "POST /auth/signout",
    "GET /auth/jwt/jwks.json",
    "HEAD /auth/jwt/jwks.json",
    "GET /auth/.well-known/openid-configuration",
  ])("our endpoints are reached: %s", async (line) => {
    for (const options of [{}, PAGES])
      for (const cookie of ["", expired, expired.replace(/sAccessToken=[^;]+; /, "")])
        expect(await outcome(line, options, cookie)).toBe("goes on");
  });

  it.each(["GET /login", "GET /login/", "GET /login?to=%2Fhome", "POST /login", "GET /refresh?to=%2Fhome"])(
    "who is sent to a page arrives there: %s",
    async (line) => {
      for (const cookie of ["", expired]) expect(await outcome(line, PAGES, cookie)).toBe("goes on");
    },
  );

  it("so they do where a reverse proxy stands in front, and the pages have a whole address", async () => {
    const options = { redirectTo: "https://shop.example/login" };
    const host = { host: "shop.example" };
    expect(await outcome("GET /login", options, "", host)).toBe("goes on");
    expect(await outcome("GET /home", options, "", host)).toBe("https://shop.example/login?to=%2Fhome");
    // The login of another website is no page of this one.
    expect(await outcome("GET /login", options)).toBe("https://shop.example/login?to=%2Flogin");
  });

  it("every other page sends visitors on, with where they came from", async () => {
    expect(await outcome("GET /home?a=b", PAGES)).toBe("/login?to=%2Fhome%3Fa%3Db");
    expect(await outcome("HEAD /home", PAGES, expired)).toBe("/refresh?to=%2Fhome");
    expect(await outcome("GET /login/more", PAGES)).toBe("/login?to=%2Flogin%2Fmore");
    expect(await outcome("GET /auth/session/refresh", PAGES)).toMatch(/^\/login/);
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])(
    "%s is never sent to another page with its body",
    async (method) => {
      expect(await outcome(`${method} /comments`, PAGES)).toBe("401");
      expect(await outcome(`${method} /comments`, PAGES, expired)).toBe("goes on");
    },
  );
});
