import { afterEach, expect, it } from "vitest";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";

let app: TestApp;
afterEach(() => app.close());

const routes: Record<string, Handler> = {
  "POST /attach": async (req, res, session) => {
    const created = await session.createNewSessionWithoutRequestResponse("user-1");
    await created.attachToRequestResponse({ req, res, transferMethod: "cookie" });
  },
};

it.each(["POST /merge", "POST /logout", "POST /auth/signout", "GET /me", "POST /attach", "POST /login"])(
  "%s works as the very first request of a process, which knows nothing of sites yet [sec O-01]",
  async (route) => {
    app = await startApp({}, routes);
    const client = app.client("cookie");
    await client.send("POST", "/login");
    const fresh = await app.sibling();
    const [method, path] = route.split(" ") as [string, string];
    const there = Object.assign(client.copy(), { origin: fresh.origin });
    const response = await there.send(method, path, {}, path === "/merge" ? '{"a":1}' : undefined);
    expect(fresh.foreignErrors).toEqual([]);
    expect(response.status).toBe(200);
    expect(tokenEffect(response)).toBe(
      {
        "POST /merge": "gave sAccessToken",
        "GET /me": "untouched",
        "POST /attach": "gave sAccessToken sRefreshToken",
        "POST /login": "gave sAccessToken sRefreshToken",
      }[route] ?? "cleared cookies",
    );
    await fresh.close();
  },
);
