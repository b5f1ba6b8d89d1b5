import { expect } from "vitest";
import { CookieJar } from "./cookie-jar.js";
import type { TestApp } from "./http-app.js";
import { send, type WireResponse } from "./wire-client.js";

export const REFRESH = "/auth/session/refresh";

/** A browser at the API's host, with a page of ours: it keeps the application's cookies, and those of pages beside it. */
export class Browser {
  readonly jar: CookieJar;
  #antiCsrf: string | undefined;

  constructor(
    private readonly app: () => TestApp,
    host = "api.example.com",
  ) {
    this.jar = new CookieJar(host);
  }

  async fetch(method: string, path: string, body?: string): Promise<WireResponse> {
    const response = await send(
      this.app().origin,
      method,
      path,
      {
        cookie: this.jar.header(path),
        rid: "session",
        "st-auth-mode": "cookie",
        ...(this.#antiCsrf === undefined ? {} : { "anti-csrf": this.#antiCsrf }),
      },
      body,
    );
    this.jar.keep(response);
    this.#antiCsrf = response.header("anti-csrf") ?? this.#antiCsrf;
    return response;
  }

  /** The client of the field: a 401 that says so makes it refresh and ask again, ten times at most. */
  async ask(path: string, method = "GET"): Promise<{ status: number; userId?: string; refreshes: number }> {
    for (let refreshes = 0; ; refreshes += 1) {
      const response = await this.fetch(method, path);
      if (response.status !== 401) {
        return { ...(response.json as { userId: string }), status: response.status, refreshes };
      }
      const refreshed = await this.fetch("POST", REFRESH);
      if (refreshed.status !== 200 || refreshes === 10) return { status: refreshed.status, refreshes };
      // A success without it is an error for the client.
      expect(refreshed.header("front-token")).toBeDefined();
    }
  }
}
