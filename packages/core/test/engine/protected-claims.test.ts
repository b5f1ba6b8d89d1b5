import { afterEach, describe, expect, it } from "vitest";
import type { SessionFunctions } from "../../src/session/types.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { tokenEffect } from "../support/outcome.js";
import { TestClaim } from "../support/test-claims.js";

const PROTECTED = [
  "sub",
  "iat",
  "exp",
  "sessionHandle",
  "parentRefreshTokenHash1",
  "refreshTokenHash1",
  "antiCsrfToken",
  "rsub",
  "tId",
  "stt",
];
const FORGED = Object.fromEntries(PROTECTED.map((name) => [name, "forged"]));

let app: TestApp;
afterEach(() => app.close());

const login = (payload: object): string => JSON.stringify({ payload });

describe("claims that belong to the token", () => {
  it("at creation they are dropped, the issuer is ours, and then claims are built [wire Q-1, C-2]", async () => {
    const claim = new TestClaim("role", "admin");
    app = await startApp({ plugins: [{ name: "p", claims: [claim] }] });
    const client = app.client();
    const response = await client.send(
      "POST",
      "/login",
      {},
      login({ ...FORGED, iss: "https://evil", role: "x", kept: 1 }),
    );
    expect(response.status).toBe(200);
    const { up } = client.front;
    expect(Object.values(up)).not.toContain("forged");
    expect(up).toMatchObject({
      sub: "user-1",
      iss: "https://api.example.com/auth",
      kept: 1,
      role: { v: "admin", t: app.clock.wallMs() },
    });
    expect(claim.fetches[0]?.currentPayload).toEqual({
      kept: 1,
      role: "x",
      iss: "https://api.example.com/auth",
    });
  });

  it("an override that puts them in has made a mistake: 500, no tokens, no session [wire Q-2]", async () => {
    for (const name of PROTECTED) {
      const functions = (original: SessionFunctions): SessionFunctions => ({
        ...original,
        createNewSession: (input) =>
          original.createNewSession({
            ...input,
            accessTokenPayload: { ...input.accessTokenPayload, [name]: "forged" },
          }),
      });
      app = await startApp({ override: { functions } });
      const response = await app.client().send("POST", "/login", {}, login({ [name]: "dropped before" }));
      expect([response.status, tokenEffect(response)]).toEqual([500, "untouched"]);
      expect(app.foreignErrors).toMatchObject([{ type: "RESERVED_CLAIM_NAME", payload: { key: name } }]);
      expect(app.store.sessionCalls).toEqual([]);
      if (name !== PROTECTED.at(-1)) await app.close();
    }
  });

  it("without a request they are dropped as well [wire Q-1, Q-5]", async () => {
    app = await startApp();
    const created = await app.session.createNewSessionWithoutRequestResponse("user-1", {
      ...FORGED,
      kept: 1,
    });
    expect(Object.values(created.getAccessTokenPayload())).not.toContain("forged");
    expect(created.getAccessTokenPayload()).toMatchObject({ sub: "user-1", kept: 1 });
  });

  it("a merge ignores null for them: there are clients that null every key they see [wire Q-3]", async () => {
    app = await startApp();
    const client = app.client();
    await client.send("POST", "/login", {}, login({ mine: 1 }));
    const patch = { ...Object.fromEntries(PROTECTED.map((name) => [name, null])), mine: 2 };
    expect((await client.send("POST", "/merge", {}, JSON.stringify(patch))).status).toBe(200);
    expect(client.front.up).toMatchObject({ sub: "user-1", tId: "public", rsub: "user-1", mine: 2 });
    const handle = client.front.up.sessionHandle as string;
    expect(await app.session.mergeIntoAccessTokenPayload(handle, { ...patch, mine: 3 })).toBe(true);
    const information = await app.session.getSessionInformation(handle);
    expect(information?.customClaimsInAccessTokenPayload).toEqual({
      iss: "https://api.example.com/auth",
      mine: 3,
    });
  });

  for (const name of PROTECTED) {
    it(`a merge of \`${name}\` throws and writes nothing [wire Q-4, M-1, M-12]`, async () => {
      app = await startApp();
      const client = app.client();
      await client.send("POST", "/login", {}, login({ mine: 1 }));
      const handle = client.front.up.sessionHandle as string;
      app.store.reset();
      const response = await client.send("POST", "/merge", {}, JSON.stringify({ [name]: "forged", mine: 2 }));
      expect([response.status, tokenEffect(response)]).toEqual([500, "untouched"]);
      expect(app.foreignErrors).toMatchObject([{ type: "RESERVED_CLAIM_NAME", payload: { key: name } }]);
      await expect(app.session.mergeIntoAccessTokenPayload(handle, { [name]: 1 })).rejects.toMatchObject({
        type: "RESERVED_CLAIM_NAME",
      });
      expect(app.store.calls).toEqual([]);
    });
  }

  it("an old token's payload is a fine start for a new session [wire Q-5]", async () => {
    app = await startApp({ revokePreviousSession: false });
    const first = app.client();
    await first.send("POST", "/login", {}, login({ theme: "dark" }));
    const second = app.client();
    await second.send("POST", "/login", {}, JSON.stringify({ userId: "user-2", payload: first.front.up }));
    expect(second.front.up).toMatchObject({ sub: "user-2", theme: "dark" });
    expect(second.front.up.sessionHandle).not.toBe(first.front.up.sessionHandle);
    expect((await second.send("GET", "/me")).status).toBe(200);
  });
});
