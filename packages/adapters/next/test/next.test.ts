import { runAdapterConformance, WireClient, type WireResponse } from "@acme/session-conformance";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Control } from "./support/control.js";
import { apiRoutes, routeHandlers } from "./support/harnesses.js";
import { appIn, NextServer } from "./support/next-server.js";

let server: NextServer;

beforeAll(async () => {
  server = await NextServer.start(appIn("fixture"));
}, 300_000);
afterAll(() => server?.close());

const origin = (): string => server.origin;
runAdapterConformance(routeHandlers("next-route-handlers", origin), { describe, it });
runAdapterConformance(apiRoutes("next-pages", origin), { describe, it });

const HOUR_MS = 3_600_000;

let control: Control;
let user: WireClient;

/** A fresh application whose website is the server itself, and a browser without a session. */
async function begin(): Promise<void> {
  control = new Control(`${server.origin}/control`);
  await control.start({ isOwnWebsite: true, countsVerifications: true });
  user = new WireClient(server.origin);
}

async function signIn(): Promise<void> {
  await user.login("alice", { payload: { plan: "pro" } });
  await control.reset();
}

/** What a page of the fixture has found: the JSON in its only `<output>`. */
function found({ body }: WireResponse): unknown {
  const [, text = "null"] = /<output>(.*?)<\/output>/s.exec(body) ?? [];
  return JSON.parse(text.replaceAll("&quot;", '"'));
}

const names = (response: WireResponse): string[] => response.setCookies.map(({ name }) => name).sort();

describe("server components", () => {
  beforeEach(begin);

  it("NX-01, T1: say none, authenticated, expired or invalid-claims, and never throw", async () => {
    expect(found(await user.get("/rsc"))).toMatchObject({ status: "none" });
    await signIn();
    expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated", userId: "alice" });
    expect(found(await user.get("/rsc?claims=1"))).toMatchObject({
      status: "invalid-claims",
      claimIds: "never",
    });
    await control.advanceMs(HOUR_MS + 1000);
    const expired = await user.get("/rsc");
    expect([expired.status, found(expired)]).toMatchObject([200, { status: "expired" }]);
  });

  it("NX-01: never write: a token fresh from a refresh is read without touching the store", async () => {
    await signIn();
    await user.refresh();
    await control.reset();
    const response = await user.get("/rsc");
    expect(found(response)).toMatchObject({ status: "authenticated", userId: "alice" });
    expect(names(response)).toEqual([]);
    const { storeReads, storeWrites } = await control.snapshot();
    expect([storeReads, storeWrites]).toEqual([0, 0]);
  });

  it("NX-02, T2: a change is READ_ONLY_CONTEXT, before the store is touched", async () => {
    await signIn();
    const response = await user.get("/rsc?write=1");
    expect(found(response)).toMatchObject({ refused: "READ_ONLY_CONTEXT READ_ONLY_CONTEXT " });
    const { storeReads, storeWrites } = await control.snapshot();
    expect([storeReads, storeWrites]).toEqual([0, 0]);
  });

  it("NX-14, T14: layout, metadata and page verify once together", async () => {
    await signIn();
    const response = await user.get("/rsc");
    expect(response.body).toContain('data-layout="authenticated"');
    expect(response.body).toContain("<title>alice</title>");
    const { renders, verifications } = await control.snapshot();
    expect([renders, verifications]).toEqual([3, 1]);
  });
});

describe("server actions", () => {
  beforeEach(begin);

  /** Sends the form of one action as a browser without JavaScript does. */
  async function submit(which: string): Promise<WireResponse> {
    const { body } = await user.get("/actions");
    const form = body.split("<form").find((text) => text.includes(`value="${which}"`)) ?? "";
    const [, field] = /name="(\$ACTION_[^"]+)"/.exec(form) ?? [];
    if (field === undefined) throw new Error(`no form for ${which}`);
    await control.reset();
    const boundary = "----fixture";
    const part = (name: string, value: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    return user.send(
      "POST",
      "/actions",
      {
        "content-type": `multipart/form-data; boundary=${boundary}`,
        origin: server.origin,
        rid: undefined,
        "st-auth-mode": undefined,
      },
      `${part(field, "")}${part("which", which)}--${boundary}--\r\n`,
    );
  }

  it("T12: sign in: the page of the same response knows, and the browser client is made to look", async () => {
    const response = await submit("login");
    expect(found(response)).toMatchObject({ status: "authenticated", userId: "alice" });
    expect(names(response)).toEqual([
      "sAccessToken",
      "sFrontToken",
      "sRefreshToken",
      "st-last-access-token-update",
    ]);
    for (const name of ["sAccessToken", "sRefreshToken"]) {
      expect(response.cookies(name)[0]).toMatchObject({ httpOnly: true, sameSite: "lax" });
    }
    expect(response.cookies("sRefreshToken")[0]?.path).toBe("/auth/session/refresh");
    expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated", userId: "alice" });
    expect((await user.refresh()).header("front-token")).toBeDefined();
  });

  it("NX-03, T3: redirect() after a sign-in carries the cookies", async () => {
    const response = await submit("loginAndLeave");
    expect([response.status, response.header("location")]).toEqual([303, "/rsc"]);
    expect(names(response)).toContain("sRefreshToken");
    expect(found(await user.get("/rsc"))).toMatchObject({ status: "authenticated" });
  });

  it("sign out: the page of the same response knows", async () => {
    await signIn();
    expect(found(await submit("logout"))).toMatchObject({ status: "none" });
    expect(found(await user.get("/rsc"))).toMatchObject({ status: "none" });
    expect((await control.snapshot()).unhandled).toEqual([]);
  });

  it("T15: a change when the action has returned is RESPONSE_COMMITTED, and the store stays", async () => {
    await signIn();
    const before = await submit("late");
    expect([before.status, names(before)]).toEqual([200, []]);
    await vi.waitFor(async () => {
      const { ran } = found(await user.get("/actions")) as { ran: string[] };
      expect(ran.at(-1)).toBe("late: RESPONSE_COMMITTED");
    });
    expect((await control.snapshot()).storeWrites).toBe(0);
  });

  it("withAction runs with a session only", async () => {
    const before = (found(await submit("like")) as { ran: string[] }).ran;
    expect(before.at(-1)).toBe("UNAUTHORISED");
    await signIn();
    const after = (found(await submit("like")) as { ran: string[] }).ran;
    expect(after.slice(before.length)).toEqual(["alice"]);
  });
});

describe("route handlers", () => {
  beforeEach(begin);

  it.each([
    ["next-response", 200, ["by-api", "raw"]],
    ["redirect-response", 302, []],
    ["fetched", 200, []],
    ["stream", 200, []],
    ["empty", 204, []],
  ])(
    "NX-04, T4: our cookies and the handler's own go on a response of any kind: %s",
    async (kind, status, own) => {
      const response = await user.send("POST", `/own/${kind}`);
      expect([response.status, names(response)]).toEqual([
        status,
        [...own, "sAccessToken", "sRefreshToken"].sort(),
      ]);
      expect(response.header("front-token")).toBeDefined();
      expect(response.header("cache-control")).toContain("no-store");
      if (kind === "stream") expect(response.body).toBe("streamed");
      if (kind === "fetched")
        expect([response.body, response.header("x-upstream")]).toEqual(["from upstream", "1"]);
    },
  );

  it.each([
    ["redirect", 307],
    ["not-found", 404],
  ])("NX-03: %s() still means what it does, with our cookies; the handler ran once", async (kind, status) => {
    const before = (await user.get("/own/read")).json as { runs: number };
    const response = await user.send("POST", `/own/${kind}`);
    expect([response.status, names(response)]).toEqual([status, ["sAccessToken", "sRefreshToken"]]);
    expect(response.header("location")).toBe(kind === "redirect" ? "/static" : undefined);
    const after = (await user.get("/own/read")).json as { runs: number };
    expect(after.runs - before.runs).toBe(1);
  });

  it("T15: a change while the body is streamed is RESPONSE_COMMITTED, not silence, and the store stays", async () => {
    const before = await control.snapshot();
    const response = await user.send("POST", "/own/late");
    expect(response.body).toBe("started RESPONSE_COMMITTED RESPONSE_COMMITTED");
    expect(names(response)).toEqual(["sAccessToken", "sRefreshToken"]);
    const { storeWrites } = await control.snapshot();
    expect(storeWrites - before.storeWrites).toBe(1); // the session that the handler made
    expect((await user.get("/whoami")).json).not.toHaveProperty("payload.late");
  });

  it("NX-03: without anything to deliver, redirect() goes to Next untouched", async () => {
    const response = await user.send("POST", "/own/plain-redirect");
    expect([response.status, response.header("location"), names(response)]).toEqual([307, "/static", []]);
  });

  it("without a wrapper of ours a session can be read and not changed", async () => {
    await signIn();
    expect((await user.get("/own/read")).json).toMatchObject({
      userId: "alice",
      refused: "READ_ONLY_CONTEXT",
    });
    expect((await control.snapshot()).storeWrites).toBe(0);
  });

  it("NX-15: OPTIONS is Next's, and reaches no handler", async () => {
    await signIn();
    const response = await user.send("OPTIONS", "/own/empty");
    expect([response.status, response.header("allow")]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
    expect((await control.snapshot()).verifications).toBe(0);
  });
});

describe("NX-12: copies of the package in one process", () => {
  it.each([
    ["API routes know the app router's errors", "/control", "/api/seed/other-copy"],
    ["route handlers know the pages router's errors", "/api/control", "/other-copy"],
  ])("%s, whose class is another one", async (_name, startedBy, path) => {
    control = new Control(`${server.origin}${startedBy}`);
    await control.start({});
    const response = await new WireClient(server.origin).get(path);
    expect([response.status, response.body]).toEqual([401, '{"message":"unauthorised"}']);
    expect(response.header("x-own-class")).toBe("false");
    expect((await control.snapshot()).unhandled).toEqual([]);
  });
});

describe("proxy", () => {
  beforeEach(begin);

  it("sends visitors without a session to the login, and lets the others through", async () => {
    const anonymous = await user.get("/protected?a=b");
    expect(anonymous.status).toBe(307);
    expect(anonymous.header("location")).toMatch(/\/login\?to=%2Fprotected%3Fa%3Db$/);
    await signIn();
    expect((await user.get("/protected")).body).toContain("static");
  });

  it("an expired token is no reason to sign in again: the page decides, or a page that refreshes", async () => {
    await signIn();
    await control.advanceMs(HOUR_MS + 1000);
    expect((await user.get("/protected")).status).toBe(200);
    expect((await user.get("/protected?strict")).header("location")).toContain("/refresh?to=%2Fprotected");
  });

  it("NX-11, T11: 20 requests at once with an expired token: nothing is refreshed, and nobody is a thief", async () => {
    await signIn();
    const before = ((await user.get("/whoami")).json as { handle: string }).handle;
    await control.advanceMs(HOUR_MS + 1000);
    const kinds = [{}, { rsc: "1" }, { rsc: "1", "next-router-prefetch": "1" }, { purpose: "prefetch" }];
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => user.get("/parallel", kinds[index % kinds.length])),
    );
    expect(responses.flatMap(names)).toEqual([]);
    for (const response of responses.filter((_, index) => index % kinds.length === 0)) {
      expect([response.status, found(response)]).toEqual([200, { status: "expired" }]);
    }
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => user.copy().refresh()));
    expect(new Set(refreshed.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(refreshed.map((response) => response.cookies("sRefreshToken")[0]?.value)).size).toBe(1);
    await user.refresh();
    expect(found(await user.get("/parallel"))).toEqual({ status: "authenticated", userId: "alice" });
    expect((await user.get("/whoami")).json).toMatchObject({ handle: before });
  });

  it("NX-05, T5: hands on the request as it came: the token of a refresh is what the component sees", async () => {
    await signIn();
    await control.advanceMs(HOUR_MS + 1000);
    const stale = await user.get("/parallel");
    expect([found(stale), names(stale)]).toEqual([{ status: "expired" }, []]);
    await user.refresh();
    await control.reset();
    const fresh = await user.get("/parallel");
    expect([found(fresh), names(fresh)]).toEqual([{ status: "authenticated", userId: "alice" }, []]);
    const { storeReads, storeWrites } = await control.snapshot();
    expect([storeReads, storeWrites]).toEqual([0, 0]);
  });

  it("NX-06, T6: a prerendered page never carries a cookie of ours, also where a route handler would set one", async () => {
    await signIn();
    await user.refresh();
    await control.reset();
    const response = await user.get("/static");
    expect([response.status, names(response)]).toEqual([200, []]);
    expect((await control.snapshot()).storeWrites).toBe(0);
    expect(names(await user.get("/whoami"))).toEqual(["sAccessToken"]);
  });
});

describe("NX-08, T8: the seed page's code in API routes", () => {
  /** A browser that has come to API routes whose endpoints stand below `/api/seed/auth`. */
  const browser = () => new WireClient(`${server.origin}/api/seed`);

  it("getSession: the answer, or ours, and the route does not go on", async () => {
    const client = browser();
    const anonymous = await client.post("/get-session", {});
    expect([anonymous.status, anonymous.body]).toEqual([401, '{"message":"unauthorised"}']);
    await client.post("/login/bob", {});
    expect((await client.post("/get-session", {})).json).toEqual({ userId: "bob" });
    expect((await client.refresh()).status).toBe(200);
    expect((await client.post("/get-session", {})).json).toEqual({ userId: "bob" });
  });

  it("sessionRequired: false", async () => {
    const client = browser();
    expect((await client.post("/optional-session", {})).json).toEqual({ userId: null });
    await client.post("/login/bob", {});
    expect((await client.post("/optional-session", {})).json).toEqual({ userId: "bob" });
  });

  it("a claim validator", async () => {
    const client = browser();
    await client.post("/login/bob", {});
    const denied = await client.post("/claims", {});
    expect([denied.status, denied.json]).toMatchObject([403, { claimValidationErrors: [{ id: "st-role" }] }]);
    await client.post("/login/admin", {});
    expect((await client.post("/claims", {})).json).toEqual({ userId: "admin" });
  });

  it("the wrapper settles whether the guard inside lets the request through or not", async () => {
    const client = browser();
    const refused = await client.post("/wrapped", {});
    expect([refused.status, refused.body]).toEqual([401, '{"message":"unauthorised"}']);
    await client.post("/login/bob", {});
    expect((await client.post("/wrapped", {})).json).toEqual({ userId: "bob" });
    expect((await client.get("/wrapped")).json).toEqual(["rejected, ended: true", "resolved, ended: false"]);
  });

  it("NX-09, T9: an empty body of type JSON, with Next's parser and without", async () => {
    const client = browser();
    await client.post("/login/bob", {});
    const headers = { "content-type": "application/json" };
    expect((await client.send("POST", "/get-session", headers, "")).json).toEqual({ userId: "bob" });
    expect((await client.refresh(headers, "")).status).toBe(200);
  });

  it("many refusals harm nobody: the process lives, and serves on", async () => {
    const client = browser();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await client.post("/get-session", {})).status),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(server.process.exitCode).toBe(null);
  });
});
