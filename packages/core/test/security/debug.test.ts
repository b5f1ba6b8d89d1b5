import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { Logger } from "../../src/runtime/logger.js";
import { type Handler, startApp, type TestApp, wrap } from "../support/http-app.js";

let app: TestApp;
afterEach(() => app.close());

class Lines implements Logger {
  readonly debugged: string[] = [];
  debug = (message: string): void => void this.debugged.push(message);
  info = (): void => {};
  warn = (): void => {};

  /** What was said since the last time. */
  take(): string {
    return this.debugged.splice(0).join("\n");
  }
}

const guard: Handler = async (req, res, _session, adapter) => {
  await adapter.verifySession(wrap(req, res));
  return {};
};

describe("option debug", () => {
  it("says of each request what it carried, what became of it and why, a line each", async () => {
    const lines = new Lines();
    app = await startApp({ debug: true, logger: lines, onEvent: undefined }, { "GET /guarded": guard });
    const client = app.client();
    const { handle } = (await client.send("POST", "/login")).json as { handle: string };
    const hash = createHash("sha256").update(handle).digest("hex").slice(0, 8);
    expect(lines.take()).toMatch(
      new RegExp(
        [
          "\\[session\\] createNewSession POST /login: asked, carries rid, st-auth-mode",
          "\\[session\\] store insertSession: nothing \\(\\d+ ms\\)",
          `\\[session\\] event session.created, handleHash ${hash}, generation 0`,
          `\\[session\\] createNewSession POST /login: session ${hash}, tokens handed out`,
        ].join("[^]*"),
      ),
    );
    await client.send("GET", "/guarded?token=secret-in-query");
    expect(lines.take()).toBe(
      [
        "[session] guard GET /guarded: asked, carries sAccessToken, rid, st-auth-mode",
        `[session] guard GET /guarded: session ${hash}`,
      ].join("\n"),
    );
    await app.client().send("GET", "/guarded");
    expect(lines.take()).toContain("guard GET /guarded: UNAUTHORISED, the request carries no session");
    await client.refresh({ origin: "https://evil.example", rid: undefined });
    const refused = lines.take();
    expect(refused).toContain("endpoint POST /auth/session/refresh: asked, carries");
    expect(refused).toContain("origin https://evil.example");
    expect(refused).toContain("event csrf_rejected, path /auth/session/refresh");
    expect(refused).toContain("answer to CSRF_REJECTED");
    app.store.fail = () => "before";
    await client.refresh();
    expect(lines.take()).toContain(
      "store getSession: STORE_UNAVAILABLE, the memory store did not answer (getSession: ECONNREFUSED)",
    );
    app.store.fail = undefined;
    await app.session.revokeSession(handle);
    expect(lines.take()).toContain("[session] revokeSession: true");
  });

  it("no line holds a token, a user id, a payload, or a control character from a request", async () => {
    const lines = new Lines();
    app = await startApp({ debug: true, logger: lines, antiCsrf: "VIA_TOKEN" });
    const secrets: string[] = ["user-of-note", "canary"];
    for (const mode of ["cookie", "header"] as const) {
      const client = app.client(mode);
      await client.send("POST", "/login", {}, '{"userId":"user-of-note","payload":{"x":"canary"}}');
      for (let turn = 0; turn < 3; turn += 1) {
        secrets.push(...client.cookies.values());
        for (const token of [client.accessToken, client.refreshToken, client.antiCsrf, client.frontToken])
          if (token !== undefined) secrets.push(token);
        await client.refresh();
        await client.send("POST", "/me", { origin: "https://x.example/\u0085" });
        await client.send("POST", "/merge", {}, '{"y":"canary"}');
      }
      await client.send("GET", "/me", { authorization: "Bearer junk.secret.junk" });
      await client.send("POST", "/logout");
    }
    const all = lines.take();
    expect(all.split("\n").length).toBeGreaterThan(40);
    for (const secret of secrets)
      for (const part of secret.split(".")) {
        if (part.length > 8 || secrets.indexOf(secret) < 2) expect(all).not.toContain(part);
      }
    expect(all.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });

  it("off, which is the default, nothing is said and nothing stands around any function", async () => {
    const lines = new Lines();
    app = await startApp({ logger: lines });
    const client = app.client();
    await client.send("POST", "/login");
    await client.send("GET", "/me");
    await client.refresh();
    expect(lines.take()).toBe("");
  });

  it("a logger needs `debug` only where it is asked for", async () => {
    const plain = { info: () => {}, warn: () => {} };
    app = await startApp({ logger: plain });
    await expect(startApp({ logger: plain, debug: true })).rejects.toMatchObject({
      type: "INVALID_OPTION",
      payload: { option: "logger.debug" },
    });
  });
});
