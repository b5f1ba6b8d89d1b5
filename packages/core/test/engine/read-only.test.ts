import { afterEach, describe, expect, it } from "vitest";
import { SessionError } from "../../src/errors/session-error.js";
import { Exchange } from "../../src/http/exchange.js";
import { NodeRequest, NodeResponse } from "../../src/http/node-http.js";
import { type Handler, startApp, type TestApp } from "../support/http-app.js";
import { rowOf } from "../support/store-rows.js";
import { TestClaim } from "../support/test-claims.js";
import type { WireClient } from "../support/wire-client.js";

class Unreachable extends NodeResponse {
  override get isReadOnly(): boolean {
    return true;
  }
}

class UnreachableForAReason extends Unreachable {
  override get readOnlyReason(): string {
    return "nobody listens; speak up";
  }
}

const read =
  (then: (exchange: Exchange, ...rest: Parameters<Handler>) => Promise<unknown>): Handler =>
  (...given) =>
    then(new Exchange(new NodeRequest(given[0]), new Unreachable(given[1])), ...given);

const claim = new TestClaim("color", "red");
const HANDLERS: Record<string, Handler> = {
  "GET /read": read(async (exchange, _req, _res, _session, adapter) => ({
    payload: (await adapter.verifySession(exchange))?.getAccessTokenPayload(),
  })),
  "GET /read-checked": read(async (exchange, _req, _res, _session, adapter) => ({
    payload: (
      await adapter.verifySession(exchange, adapter.guardOptions({ checkDatabase: true }))
    )?.getAccessTokenPayload(),
  })),
  "GET /read-claim": read(async (exchange, _req, _res, _session, adapter) => {
    const found = await adapter.verifySession(exchange, adapter.guardOptions({ require: [claim.is("red")] }));
    return { payload: found?.getAccessTokenPayload() };
  }),
  "GET /reasons": async (req, res, _session, adapter) => {
    const messages: unknown[] = [];
    const sessions = [];
    for (const response of [new Unreachable(res), new UnreachableForAReason(res)]) {
      sessions.push(await adapter.verifySession(new Exchange(new NodeRequest(req), response)));
    }
    for (const found of sessions) {
      await found?.revokeSession().catch(({ message }: Error) => messages.push(message));
    }
    return { messages };
  },
  "GET /write": read(async (exchange, _req, _res, _session, adapter) => {
    const found = await adapter.verifySession(exchange);
    const types: unknown[] = [];
    for (const change of [
      () => found?.mergeIntoAccessTokenPayload({ a: 1 }),
      () => found?.setClaimValue(claim, "blue"),
      () => found?.revokeSession(),
    ]) {
      await change()?.catch((error: unknown) => types.push(SessionError.is(error) && error.type));
    }
    return { types };
  }),
};

let app: TestApp;
let client: WireClient;
afterEach(() => app.close());

async function signIn(): Promise<void> {
  app = await startApp({ claims: [claim] }, HANDLERS);
  client = app.client();
  await client.send("POST", "/login", {}, JSON.stringify({ payload: { plan: "pro" } }));
}

const handle = (): string => client.front.up.sessionHandle as string;

describe("where nothing can be delivered, a session is only read", () => {
  it("a token fresh from a refresh is verified and not promoted", async () => {
    await signIn();
    await client.refresh();
    const before = await rowOf(app.store, handle());
    app.store.reset();
    const response = await client.send("GET", "/read");
    expect([response.status, response.json]).toMatchObject([200, { payload: { plan: "pro" } }]);
    expect(app.store.sessionCalls).toEqual([]);
    expect(response.setCookies).toEqual([]);
    expect(await rowOf(app.store, handle())).toEqual(before);
  });

  it("with checkDatabase the row is read, and its payload counts", async () => {
    await signIn();
    await client.refresh();
    await app.session.mergeIntoAccessTokenPayload(handle(), { plan: "free" });
    app.store.reset();
    const response = await client.send("GET", "/read-checked");
    expect([response.status, response.json]).toMatchObject([200, { payload: { plan: "free" } }]);
    expect(app.store.sessionCalls).toEqual(["getSession"]);
    expect(response.setCookies).toEqual([]);
    await app.session.revokeSession(handle());
    expect((await client.send("GET", "/read-checked")).status).toBe(401);
  });

  it("a claim that is fetched counts for this request and is not saved", async () => {
    await signIn();
    await app.session.removeClaim(handle(), claim);
    await client.refresh();
    const before = await rowOf(app.store, handle());
    const response = await client.send("GET", "/read-claim");
    expect([response.status, response.json]).toMatchObject([200, { payload: { color: { v: "red" } } }]);
    expect(response.setCookies).toEqual([]);
    expect(await rowOf(app.store, handle())).toEqual(before);
  });

  it("every change is READ_ONLY_CONTEXT, before the store is touched; what is revoked is over all the same", async () => {
    await signIn();
    const before = await rowOf(app.store, handle());
    app.store.reset();
    const response = await client.send("GET", "/write");
    expect(response.json).toEqual({
      types: ["READ_ONLY_CONTEXT", "READ_ONLY_CONTEXT", "READ_ONLY_CONTEXT"],
    });
    expect(before).toBeDefined();
    expect(app.store.sessionCalls).toEqual(["deleteSessions"]);
    expect(await rowOf(app.store, handle())).toBeUndefined();
  });

  it("the error says why, in the words of whoever has the response", async () => {
    await signIn();
    const { messages } = (await client.send("GET", "/reasons")).json as { messages: string[] };
    expect(messages).toEqual([
      expect.stringMatching(
        /has been revoked, and the client hears of it .* only: no response goes out from here .*; change the session/,
      ),
      expect.stringMatching(/only: nobody listens; speak up$/),
    ]);
  });
});
