import { createPublicKey, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SessionError } from "../../src/errors/session-error.js";
import type { SigningAlgorithm } from "../../src/store/session-store.js";
import { createAccessTokenVerifier, type TokenVerifier } from "../../src/verify/index.js";
import { decodeToken, type Members } from "../support/forge-token.js";
import { startApp, type TestApp } from "../support/http-app.js";
import {
  keyInStore,
  macWith,
  type Part,
  segment,
  signatureOf,
  signWith,
  strangersKey,
} from "../support/jws.js";
import { tokenEffect } from "../support/outcome.js";
import { rowOf } from "../support/store-rows.js";
import { send, type WireClient, type WireResponse } from "../support/wire-client.js";

const ALGORITHMS: readonly SigningAlgorithm[] = ["ES256", "RS256", "EdDSA"];

let app: TestApp;
let client: WireClient;
let token: string;
let header: Members;
let payload: Members;
let key: KeyObject;
/** Another service, which has nothing but the published keys: it is to refuse the same texts. */
let elsewhere: TokenVerifier;

async function signIn(signingAlgorithm: SigningAlgorithm = "ES256"): Promise<void> {
  app = await startApp({ signingAlgorithm });
  client = app.client("header");
  await client.send("POST", "/login");
  token = client.accessToken ?? "";
  ({ header, payload } = decodeToken(token));
  key = await keyInStore(app.store, header.kid);
  elsewhere = createAccessTokenVerifier({
    jwks: `${app.origin}/auth/jwt/jwks.json`,
    clock: app.clock,
    jwksTimeoutSeconds: 60,
  });
  expect(await elsewhere.verify(token)).toEqual(payload);
}

afterEach(() => app.close());

const present = (text: string): Promise<WireResponse> =>
  send(app.origin, "GET", "/me", { authorization: `Bearer ${text}` });

/** Type of the error, or `ok`; also for texts that no HTTP header can carry. */
async function verdict(text: string, target = app): Promise<string> {
  try {
    await target.session.getSessionWithoutRequestResponse(text);
    return "ok";
  } catch (error) {
    return SessionError.is(error) ? error.type : `not ours: ${String(error)}`;
  }
}

const REFUSED = ["TRY_REFRESH_TOKEN", "UNAUTHORISED"];
async function expectRefused(text: string): Promise<void> {
  expect(REFUSED).toContain(await verdict(text));
  await expect(elsewhere.verify(text)).rejects.toMatchObject({ type: expect.toBeOneOf(REFUSED) });
}

describe.each(ALGORITHMS)("a key of %s", (algorithm) => {
  beforeEach(() => signIn(algorithm));

  it("takes no other algorithm, however it is written and whatever it is signed with [sec T-01]", async () => {
    const publicKey = createPublicKey(key);
    const secrets: (string | Buffer)[] = [
      "",
      publicKey.export({ format: "pem", type: "spki" }),
      publicKey.export({ format: "der", type: "spki" }),
      JSON.stringify(publicKey.export({ format: "jwk" })),
      String(header.kid),
    ];
    const strangers = ALGORITHMS.map(strangersKey);
    const spellings: unknown[] = [
      ..."none None NONE HS256 HS384 HS512 RS256 RS384 RS512 PS256 ES256 ES384 ES512 ES256K EdDSA Ed25519 Ed448 dir".split(
        " ",
      ),
      ...[
        algorithm.toLowerCase(),
        ` ${algorithm}`,
        `${algorithm} `,
        `${algorithm}\0`,
        "",
        null,
        0,
        true,
        [algorithm],
        {},
      ],
      undefined,
    ];
    expect(await verdict(signWith(key, header, payload))).toBe("ok");
    for (const alg of spellings) {
      const forged = { ...header, alg };
      for (const stranger of strangers) await expectRefused(signWith(stranger, forged, payload));
      for (const secret of secrets) await expectRefused(macWith(secret, forged, payload));
      await expectRefused(`${segment(forged)}.${segment(payload)}.`);
      await expectRefused(`${segment(forged)}.${segment(payload)}.AA`);
      if (alg !== algorithm) await expectRefused(signWith(key, forged, payload));
    }
  });

  it("takes one spelling of its signature of all that decode to the same bytes [sec T-04]", async () => {
    const cold = await app.sibling();
    const [head, body, signature] = token.split(".") as [string, string, string];
    const bytes = Buffer.from(signature, "base64url");
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = [...alphabet].map((character) => signature.slice(0, -1) + character);
    const padded = [
      `${signature}=`,
      `${signature}==`,
      `${signature}${"=".repeat(4 - (signature.length % 4))}`,
    ];
    const standard = [bytes.toString("base64")];
    const spaced = [" ", "\n", "\r\n", "\t", "\u00a0", "*", "\0"].flatMap((junk) => [
      `${signature}${junk}`,
      `${junk}${signature}`,
      `${signature.slice(0, 10)}${junk}${signature.slice(10)}`,
    ]);
    const alike = [...last, ...padded, ...standard, ...spaced].filter(
      (text) => text !== signature && Buffer.from(text, "base64").equals(bytes),
    );
    expect(alike.length).toBeGreaterThanOrEqual(15);
    for (const text of alike) {
      expect(REFUSED).toContain(await verdict(`${head}.${body}.${text}`));
      expect(REFUSED).toContain(await verdict(`${head}.${body}.${text}`, cold));
    }
    expect(await verdict(token)).toBe("ok");
    expect(await verdict(token, cold)).toBe("ok");
    await cold.close();
  });
});

describe("the shape [sec T-04, T-05]", () => {
  beforeEach(() => signIn());

  it("is exactly three segments", async () => {
    const [head, body, signature] = token.split(".") as [string, string, string];
    const texts = [
      "",
      ".",
      "..",
      "...",
      head,
      `${head}.${body}`,
      `${head}.${body}.`,
      `${head}..${signature}`,
      `.${body}.${signature}`,
      `${token}.`,
      `.${token}`,
      `${token}.${signature}`,
      `${head}.${body}.${signature}.${signature}.${signature}`,
      `${head} .${body}.${signature}`,
      `${token}~`,
      `"${token}"`,
      `${head}.${signature}.${body}`,
      JSON.stringify({ protected: head, payload: body, signature }),
    ];
    for (const text of texts) await expectRefused(text);
  });

  it("has one spelling of header and payload, also when our own key signed another one", async () => {
    const [head, body] = token.split(".") as [string, string];
    const cold = await app.sibling();
    const spellings = (text: string): string[] => [
      `${text}=`,
      `${text} `,
      Buffer.from(text, "base64url").toString("base64"),
      ...[..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"]
        .map((character) => text.slice(0, -1) + character)
        .filter((other) => Buffer.from(other, "base64url").equals(Buffer.from(text, "base64url"))),
    ];
    const others = [
      ...spellings(head).map((text) => `${text}.${body}`),
      ...spellings(body).map((text) => `${head}.${text}`),
    ].filter((input) => input !== `${head}.${body}`);
    expect(others.length).toBeGreaterThanOrEqual(4);
    for (const input of others) {
      const text = `${input}.${signatureOf(key, input)}`;
      await expectRefused(text);
      expect(REFUSED).toContain(await verdict(text, cold));
    }
    await cold.close();
  });

  it("is ASCII: no character that looks alike, or has the same low byte, stands for another", async () => {
    for (let at = 0; at < token.length; at += 1) {
      const code = token.charCodeAt(at);
      const swap = (other: number): string =>
        token.slice(0, at) + String.fromCharCode(other) + token.slice(at + 1);
      await expectRefused(swap(code + 0x100));
      await expectRefused(swap(code + 0xfee0));
    }
    const lookalikes: Record<string, string> = {
      a: "\u0430",
      e: "\u0435",
      o: "\u043e",
      s: "\u017f",
      K: "\u212a",
      ".": "\u3002",
    };
    for (const [ascii, other] of Object.entries(lookalikes)) {
      if (token.includes(ascii)) await expectRefused(token.replaceAll(ascii, other));
    }
  });

  it("is UTF-8 JSON objects, also when our own key signed something else", async () => {
    const cold = await app.sibling();
    const good = JSON.stringify(payload);
    const bad: Part[] = [
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]),
      Buffer.from(good.replace("user-1", "user-\u00e9"), "latin1"),
      Buffer.concat([
        Buffer.from(good.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([0xc0, 0x80]),
        Buffer.from('"}'),
      ]),
      Buffer.concat([
        Buffer.from(good.slice(0, -1)),
        Buffer.from(',"x":"'),
        Buffer.from([0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]),
      Buffer.from(good, "utf16le"),
      [payload],
      "null",
      '"text"',
      "1",
      "{}",
      `${good} trailing`,
      `${good}${good}`,
      good.slice(0, -1),
      good.replaceAll('"', "'"),
      "",
    ];
    for (const part of bad) {
      const text = signWith(key, header, part);
      await expectRefused(text);
      expect(REFUSED).toContain(await verdict(text, cold));
    }
    for (const part of [
      [header],
      "null",
      "1",
      "",
      Buffer.from(JSON.stringify(header), "utf16le"),
    ] as Part[]) {
      await expectRefused(signWith(key, part, payload));
    }
    await cold.close();
  });
});

describe("the header [sec T-03]", () => {
  beforeEach(() => signIn());

  it("names no key, no address, no extension, no encoding; nothing is fetched", async () => {
    let connections = 0;
    const listener = createServer((_, res) => res.end("{}"));
    listener.on("connection", () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/jwks.json`;
    const stranger = strangersKey("ES256");
    const jwk = createPublicKey(stranger).export({ format: "jwk" });
    const members: Members[] = [
      { jwk },
      { jku: url },
      { x5u: url },
      { x5c: ["AAAA"] },
      { crit: ["exp"] },
      { crit: [] },
      { b64: false },
      { b64: true },
      { zip: "DEF" },
      { enc: "A256GCM" },
      { jwk: null },
      { jku: "" },
    ];
    for (const member of members) {
      await expectRefused(signWith(key, { ...header, ...member }, payload));
      await expectRefused(signWith(stranger, { ...header, ...member }, payload));
      await expectRefused(signWith(stranger, { ...header, ...member, kid: url }, payload));
    }
    expect(connections).toBe(0);
    await new Promise((resolve) => listener.close(resolve));
  });

  it("has a kid that is a short plain name and only looked up", async () => {
    const kids: unknown[] = [
      ...[
        "",
        " ",
        "../../dev/null",
        "/etc/passwd",
        "' OR '1'='1",
        "d-1; DROP TABLE signing_keys",
        "http://x/",
        "file:///x",
      ],
      ...[
        "__proto__",
        "constructor",
        "toString",
        "hasOwnProperty",
        "d-\0",
        "d-\n",
        `d-${"a".repeat(63)}`,
        "*",
        "%",
        "d-é",
      ],
      ...[
        `${String(header.kid)} `,
        String(header.kid).toUpperCase(),
        null,
        0,
        true,
        [header.kid],
        { kid: header.kid },
        undefined,
      ],
    ];
    for (const kid of kids) {
      await expectRefused(signWith(key, { ...header, kid }, payload));
      app.clock.advanceMs(1_000);
    }
    expect((await present(token)).status).toBe(200);
    expect(app.foreignErrors).toEqual([]);
  });

  it("says what it is: typ and version are ours and nothing else is [sec T-08]", async () => {
    const changes: Members[] = [
      ...["JOSE", "jwt", "at+jwt", "application/jwt", "dpop+jwt", "", null, 1].map((typ) => ({ typ })),
      { typ: undefined },
      ...["4", "3", "6", "05", "5.0", 5, null, ["5"], ""].map((version) => ({ version })),
      { version: undefined },
    ];
    for (const change of changes) await expectRefused(signWith(key, { ...header, ...change }, payload));
  });
});

describe("the claims [sec T-06]", () => {
  beforeEach(() => signIn());

  const text = (value: unknown): boolean => typeof value === "string" && value !== "";
  const textOrNothing = (value: unknown): boolean => value === undefined || value === null || text(value);
  const ACCEPTED: Record<string, (value: unknown) => boolean> = {
    sub: text,
    rsub: text,
    tId: text,
    sessionHandle: text,
    refreshTokenHash1: text,
    parentRefreshTokenHash1: textOrNothing,
    antiCsrfToken: textOrNothing,
    iat: (value) => Number.isFinite(value),
    // Everything finite in the table below has passed, or lies farther ahead than any token that is minted.
    exp: () => false,
    nbf: (value) => value === undefined || (Number.isFinite(value) && Number(value) <= 1_800_000_000),
    stt: (value) => value === undefined || value === 0,
  };
  const VALUES: readonly unknown[] = [
    ...[
      undefined,
      null,
      "",
      "x",
      "1900000000",
      "NaN",
      [],
      [1_900_000_000],
      ["x"],
      {},
      { valueOf: 1 },
      true,
      false,
    ],
    ...[0, -1, 1.5, 1e300, Number.MAX_SAFE_INTEGER, -1e300],
  ];

  it.each(Object.keys(ACCEPTED))("%s is taken in its own type only and never coerced", async (claim) => {
    const accepts = ACCEPTED[claim] as (value: unknown) => boolean;
    for (const value of VALUES) {
      const forged = signWith(key, header, { ...payload, [claim]: value });
      const answer = await verdict(forged);
      if (accepts(value)) expect([claim, value, answer]).toEqual([claim, value, "ok"]);
      else expect([claim, value, REFUSED.includes(answer)]).toEqual([claim, value, true]);
    }
    // JSON can say infinity.
    const infinite = JSON.stringify({ ...payload, [claim]: 0 }).replace(`"${claim}":0`, `"${claim}":1e999`);
    await expectRefused(signWith(key, header, infinite));
  });

  it("exp counts from its second on, without tolerance, also for a token that was verified before [sec T-10]", async () => {
    expect((await present(token)).status).toBe(200);
    app.clock.advanceMs(899_999);
    expect((await present(token)).status).toBe(200);
    app.clock.advanceMs(1);
    const late = await present(token);
    expect([late.status, late.json, tokenEffect(late)]).toEqual([
      401,
      { message: "try refresh token" },
      "untouched",
    ]);
  });

  it("nbf is honoured to the second", async () => {
    const nbf = Math.floor(app.clock.wallMs() / 1000) + 10;
    const early = signWith(key, header, { ...payload, nbf });
    expect(await verdict(early)).toBe("TRY_REFRESH_TOKEN");
    app.clock.advanceMs(10_000);
    expect(await verdict(early)).toBe("ok");
  });

  it("an exp beyond every lifetime that is minted here is not believed [sec TM-08]", async () => {
    const limit = Math.floor(app.clock.wallMs() / 1000) + 900 + 25 * 3600;
    expect(await verdict(signWith(key, header, { ...payload, exp: limit }))).toBe("ok");
    expect(await verdict(signWith(key, header, { ...payload, exp: limit + 1 }))).toBe("TRY_REFRESH_TOKEN");
  });
});

describe("kinds of credentials [sec T-08]", () => {
  beforeEach(() => signIn());

  it("none stands for another, in any slot, and trying ends no session", async () => {
    const cookies = app.client("cookie");
    await cookies.send("POST", "/login");
    const claims = Object.fromEntries(
      Object.entries(payload).filter(([name]) => name !== "iat" && name !== "exp"),
    ) as Parameters<typeof app.session.createJWT>[0];
    const { jwt: dynamicJwt } = await app.session.createJWT(claims, 3600, false);
    const { jwt: staticJwt } = await app.session.createJWT(claims, 3600, true);
    const accessToken = client.accessToken ?? "";
    const refreshToken = client.refreshToken ?? "";
    const others: Record<string, string> = {
      "front token": client.frontToken ?? "",
      "generic JWT, rotating key": dynamicJwt,
      "generic JWT, static key": staticJwt,
      "session handle": String(payload.sessionHandle),
      "refresh token hash": String(payload.refreshTokenHash1),
      kid: String(header.kid),
    };
    const asAccess = { "refresh token": refreshToken, ...others };
    const asRefresh = { "access token": accessToken, ...others };
    for (const [name, text] of Object.entries(asAccess)) {
      for (const headers of [{ authorization: `Bearer ${text}` }, { cookie: `sAccessToken=${text}` }]) {
        const response = await send(app.origin, "GET", "/me", headers);
        expect([name, response.status, tokenEffect(response)]).toEqual([name, 401, "untouched"]);
      }
    }
    for (const [name, text] of Object.entries(asRefresh)) {
      for (const headers of [{ authorization: `Bearer ${text}` }, { cookie: `sRefreshToken=${text}` }]) {
        const response = await send(app.origin, "POST", "/auth/session/refresh", {
          rid: "session",
          ...headers,
        });
        expect([name, response.status, response.json]).toEqual([name, 401, { message: "unauthorised" }]);
      }
    }
    expect(app.events.filter(({ type }) => type === "theft")).toEqual([]);
    expect((await client.refresh()).status).toBe(200);
    expect((await cookies.send("GET", "/me")).status).toBe(200);
  });

  it("the anti-csrf token of another session, or any other credential, is not this one's [sec X-05]", async () => {
    const guarded = await startApp({ antiCsrf: "VIA_TOKEN" });
    const one = guarded.client("cookie");
    const other = guarded.client("cookie");
    await one.send("POST", "/login");
    await other.send("POST", "/login");
    const wrong = [
      other.antiCsrf,
      one.cookies.get("sAccessToken"),
      one.cookies.get("sRefreshToken"),
      "",
      "x",
    ];
    for (const value of wrong) {
      expect((await one.send("POST", "/me", { "anti-csrf": value })).status).toBe(401);
    }
    expect((await one.send("POST", "/me")).status).toBe(200);
    await guarded.close();
  });
});

describe("what is minted", () => {
  it("lives 60 minutes, or less by at most the jitter, and no longer when minted again [sec T-11]", async () => {
    app = await startApp({ accessTokenValidityJitter: 0.05 });
    const lives = new Set<number>();
    for (let n = 0; n < 60; n += 1) {
      const one = app.client("header");
      await one.send("POST", "/login");
      const { payload: claims } = decodeToken(one.accessToken ?? "");
      lives.add(Number(claims.exp) - Number(claims.iat));
      app.clock.advanceSeconds(7);
      await one.send("POST", "/merge", {}, '{"color":"red"}');
      const { payload: merged } = decodeToken(one.accessToken ?? "");
      expect(merged.exp).toBe(claims.exp);
      expect(merged.iat).toBe(Number(claims.iat) + 7);
    }
    expect(Math.max(...lives)).toBeLessThanOrEqual(900);
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(855);
    expect(lives.size).toBeGreaterThan(10);
  });

  it("holds nothing that could be presented for a refresh [sec T-13]", async () => {
    app = await startApp({ antiCsrf: "VIA_TOKEN" });
    for (const mode of ["cookie", "header"] as const) {
      const one = app.client(mode);
      await one.send("POST", "/login");
      await one.refresh();
      const refreshToken = one.refreshToken ?? one.cookies.get("sRefreshToken") ?? "";
      const accessToken = one.accessToken ?? one.cookies.get("sAccessToken") ?? "";
      const [, , , , , secret, , tag] = refreshToken.split(".");
      const { header: head, payload: body } = decodeToken(accessToken);
      const readable = JSON.stringify({ head, body, front: one.front });
      expect(secret).toHaveLength(43);
      expect(readable).not.toContain(secret);
      expect(readable).not.toContain(tag);
      expect(readable.includes(String(one.antiCsrf))).toBe(mode === "cookie");
      expect(Object.keys(body).sort()).toEqual(
        "antiCsrfToken exp iat iss parentRefreshTokenHash1 refreshTokenHash1 rsub sessionHandle sub tId".split(
          " ",
        ),
      );
    }
  });

  it("verifies on every instance, whichever minted it, from the first moment on [sec T-12]", async () => {
    app = await startApp();
    const instances = [app, ...(await Promise.all(Array.from({ length: 3 }, () => app.sibling())))];
    const clients = await Promise.all(
      instances.map(async (instance) => {
        const one = instance.client("header");
        await one.send("POST", "/login");
        return one;
      }),
    );
    for (const one of clients) {
      for (const instance of instances) {
        const response = await send(instance.origin, "GET", "/me", {
          authorization: `Bearer ${one.accessToken}`,
        });
        expect(response.status).toBe(200);
      }
    }
    await Promise.all(instances.slice(1).map((instance) => instance.close()));
  });
});

describe("a token that has been verified before [sec T-10]", () => {
  beforeEach(() => signIn());

  it("is refused where the database is asked, once its session is revoked", async () => {
    expect((await client.send("GET", "/checked")).status).toBe(200);
    await app.session.revokeSession(String(payload.sessionHandle));
    const response = await client.send("GET", "/checked");
    expect([response.status, tokenEffect(response)]).toEqual([401, "untouched"]);
    expect(await rowOf(app.store, String(payload.sessionHandle))).toBeUndefined();
  });

  it("is refused once its key is withdrawn, and a refresh mends it [sec K-08]", async () => {
    expect((await client.send("GET", "/me")).status).toBe(200);
    await app.session.withdrawKey(String(header.kid));
    const response = await client.send("GET", "/me");
    expect([response.status, response.json]).toEqual([401, { message: "try refresh token" }]);
    expect((await client.refresh()).status).toBe(200);
    expect((await client.send("GET", "/me")).status).toBe(200);
    expect(decodeToken(client.accessToken ?? "").header.kid).not.toBe(header.kid);
  });

  it("is found by all of its text: a changed one does not borrow its verdict", async () => {
    expect(await verdict(token)).toBe("ok");
    const [head, body, signature] = token.split(".") as [string, string, string];
    const admin = segment({ ...payload, sub: "admin" });
    for (const text of [
      `${head}.${admin}.${signature}`,
      `${admin}.${body}.${signature}`,
      `x${token}`,
      ` ${token}`,
    ]) {
      await expectRefused(text);
    }
    for (let at = 0; at < token.length; at += 3) {
      const other = token[at] === "A" ? "B" : "A";
      await expectRefused(token.slice(0, at) + other + token.slice(at + 1));
    }
  });
});
