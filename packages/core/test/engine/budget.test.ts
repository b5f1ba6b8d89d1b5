import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp } from "../support/http-app.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

/** What each flow costs, once keys and secrets are in memory (wire-contract.md appendix B, security.md D-03). */
describe("store operations per flow, wire contract appendix B", () => {
  for (const mode of ["cookie", "header"] as const) {
    it(`with tokens in the ${mode}`, async () => {
      app = await startApp({ antiCsrf: "VIA_TOKEN" });
      await app.client().send("POST", "/login");
      const client: WireClient = app.client(mode);
      const cost = async (method: string, path: string, body?: string): Promise<readonly string[]> => {
        app.store.reset();
        expect((await client.send(method, path, {}, body)).status).toBe(200);
        return app.store.calls;
      };
      expect(await cost("POST", "/login")).toEqual(["insertSession"]);
      expect(await cost("GET", "/me")).toEqual([]);
      expect(await cost("POST", "/me")).toEqual([]);
      expect(await cost("GET", "/optional")).toEqual([]);
      expect(await cost("GET", "/checked")).toEqual(["getSession"]);
      expect(await cost("POST", "/merge", '{"a":1}')).toEqual(["updateAccessTokenPayload"]);
      expect(await cost("POST", "/auth/session/refresh")).toEqual(["getSession"]);
      expect(await cost("GET", "/me")).toEqual(["promoteSession"]);
      expect(await cost("GET", "/me")).toEqual([]);
      expect(await cost("POST", "/auth/session/refresh")).toEqual(["getSession"]);
      expect(await cost("POST", "/auth/session/refresh")).toEqual(["getSession", "promoteSession"]);
      expect(await cost("GET", "/checked")).toEqual(["promoteSession"]);
      expect(await cost("POST", "/auth/signout")).toEqual(["deleteSessions"]);
    });
  }

  it("what is refused before the row is needed costs nothing [sec D-03]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    const client = app.client();
    await client.send("POST", "/login");
    app.store.reset();
    await app.client().send("GET", "/me");
    await client.send("POST", "/me", { "anti-csrf": "wrong" });
    await client.copy().refresh({ "anti-csrf": "wrong" });
    await app.client().send("POST", "/auth/session/refresh", { authorization: "Bearer junk" });
    expect(app.store.calls).toEqual([]);
  });
});
