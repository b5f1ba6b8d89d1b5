import { afterEach, describe, expect, it } from "vitest";
import {
  decodeToken,
  foreignKey,
  type Members,
  resign,
  signToken,
  storedKey,
} from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import { send } from "../support/wire-client.js";

let app: TestApp;
afterEach(() => app.close());

async function issue(): Promise<string> {
  app = await startApp();
  const client = app.client();
  await client.send("POST", "/login");
  return client.cookies.get("sAccessToken") as string;
}

/** Outcome on a route that requires a session, and on one that does not. */
async function outcomes(token: string): Promise<[string, string]> {
  const cookie = { cookie: `sAccessToken=${token}` };
  return [
    outcome(await send(app.origin, "GET", "/me", cookie)),
    outcome(await send(app.origin, "GET", "/optional", cookie)),
  ];
}

const NOT_OURS = ["401-KEEP", "none"];
const OURS_BUT_BAD = ["401-TRY", "401-TRY"];

/** Changes to a genuine token, signed again by its own key, so that nothing but the change can decide. */
const SHAPES: [what: string, change: { header?: Members; payload?: Members }][] = [
  ["no typ", { header: { typ: undefined } }],
  ["another typ", { header: { typ: "at+jwt" } }],
  ["a numeric version", { header: { version: 5 } }],
  ["no version (only version 5 is accepted)", { header: { version: undefined } }],
  ["version 4", { header: { version: "4" } }],
  ["version 6", { header: { version: "6" } }],
  ["a kid that is not text", { header: { kid: 1 } }],
  ["no alg", { header: { alg: undefined } }],
  ["stt 1", { payload: { stt: 1 } }],
  ["no sub", { payload: { sub: undefined } }],
  ["a numeric sub", { payload: { sub: 7 } }],
  ["no exp", { payload: { exp: undefined } }],
  ["a textual exp", { payload: { exp: "4000000000" } }],
  ["no iat", { payload: { iat: undefined } }],
  ["no sessionHandle", { payload: { sessionHandle: undefined } }],
  ["no refreshTokenHash1", { payload: { refreshTokenHash1: undefined } }],
  ["no tId", { payload: { tId: undefined } }],
  ["no rsub", { payload: { rsub: undefined } }],
];

describe("the structural check, wire contract 2.1.4", () => {
  for (const [what, change] of SHAPES) {
    it(`${what}: not a token of ours, no session, nothing cleared`, async () => {
      const token = await issue();
      const { header } = decodeToken(token);
      // `kid` may be what the change breaks, so the key is looked up by the genuine one.
      const key = await storedKey(app.store, header.kid);
      expect(await outcomes(await resign(app.store, token, { ...change, key }))).toEqual(NOT_OURS);
    });
  }

  const texts: [what: string, change: (token: string) => string][] = [
    ["plain text", () => "garbage"],
    ["two parts", (token) => token.split(".").slice(0, 2).join(".")],
    ["four parts", (token) => `${token}.x`],
    ["an empty signature", (token) => token.replace(/[^.]+$/, "")],
    ["a header that is not JSON", (token) => token.replace(/^[^.]+/, "bm90IGpzb24")],
    ["a payload that is not JSON", (token) => token.replace(/\.[^.]+\./, ".bm90IGpzb24.")],
    ["a header that is a list", (token) => token.replace(/^[^.]+/, Buffer.from("[]").toString("base64url"))],
  ];
  for (const [what, change] of texts) {
    it(`${what}: not a token of ours`, async () => {
      expect(await outcomes(change(await issue()))).toEqual(NOT_OURS);
    });
  }

  it("stt 0, unknown claims, a missing parent hash: still ours", async () => {
    const token = await issue();
    const changed = await resign(app.store, token, {
      payload: { stt: 0, whatever: [1], parentRefreshTokenHash1: undefined, antiCsrfToken: undefined },
    });
    expect(await outcomes(changed)).toEqual(["session", "session"]);
  });
});

describe("verification, wire contract 2.1.5", () => {
  const changes: [what: string, change: (token: string) => Promise<string> | string][] = [
    ["an unknown kid", (token) => resign(app.store, token, { header: { kid: "d-0000000000000000" } })],
    ["a known kid and a foreign signature", (token) => resign(app.store, token, { key: foreignKey() })],
    ["alg none", (token) => resign(app.store, token, { header: { alg: "none" } })],
    ["another algorithm than the key's", (token) => resign(app.store, token, { header: { alg: "RS256" } })],
    ["a changed payload", (token) => swap(token, { sub: "admin" })],
    ["expired", (token) => resign(app.store, token, { payload: { exp: nowSeconds() - 1 } })],
    ["expires this very second", (token) => resign(app.store, token, { payload: { exp: nowSeconds() } })],
    ["not valid yet", (token) => resign(app.store, token, { payload: { nbf: nowSeconds() + 1 } })],
    [
      "valid for longer than any token minted here",
      (token) => resign(app.store, token, { payload: { exp: nowSeconds() + 94_000 } }),
    ],
  ];
  for (const [what, change] of changes) {
    it(`${what}: try a refresh, on optional routes too`, async () => {
      expect(await outcomes(await change(await issue()))).toEqual(OURS_BUT_BAD);
      // The same once the key has been used, when the fast path decides.
      const token = await issueAgain();
      expect(await outcomes(token)).toEqual(["session", "session"]);
      expect(await outcomes(await change(token))).toEqual(OURS_BUT_BAD);
    });
  }

  it("nbf in the past, another issuer, any audience: accepted", async () => {
    const token = await issue();
    for (const payload of [{ nbf: nowSeconds() }, { iss: "x" }, { iss: undefined }, { aud: "anybody" }]) {
      expect(await outcomes(await resign(app.store, token, { payload }))).toEqual(["session", "session"]);
    }
  });

  it("a token is good up to the second before exp, and not from exp on", async () => {
    const token = await issue();
    app.clock.advanceMs(899_999);
    expect(await outcomes(token)).toEqual(["session", "session"]);
    app.clock.advanceMs(1);
    expect(await outcomes(token)).toEqual(OURS_BUT_BAD);
  });

  function nowSeconds(): number {
    return Math.floor(app.clock.wallMs() / 1000);
  }

  async function issueAgain(): Promise<string> {
    const client = app.client();
    await client.send("POST", "/login");
    return client.cookies.get("sAccessToken") as string;
  }

  function swap(token: string, payload: Members): string {
    const { header, payload: old } = decodeToken(token);
    const unsigned = signToken(header, { ...old, ...payload }, foreignKey()).split(".");
    return [...unsigned.slice(0, 2), token.split(".")[2]].join(".");
  }
});
