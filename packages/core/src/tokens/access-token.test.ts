import { describe, expect, it } from "vitest";
import { accessTokenHeader, asAccessTokenPayload, parseAccessToken, splitToken } from "./access-token.js";

const segment = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const HEADER = JSON.parse(accessTokenHeader("ES256", "d-1"));
const PAYLOAD = {
  sub: "u",
  rsub: "u",
  tId: "public",
  iat: 1,
  exp: 2,
  sessionHandle: "h",
  refreshTokenHash1: "r",
  parentRefreshTokenHash1: null,
  antiCsrfToken: null,
};
const token = (header: unknown, payload: unknown, signature = "c2ln"): string =>
  `${segment(header)}.${segment(payload)}.${signature}`;

/** RFC 7515 appendix A: genuine JWS of other kinds, none of which may pass for one of ours. */
const RFC_7515 = {
  "A.1 HS256":
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  "A.3 ES256":
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
  "A.5 unsecured":
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
};

describe("parseAccessToken", () => {
  it("reads header and payload of a token of ours, and verifies nothing", () => {
    expect(parseAccessToken(token(HEADER, PAYLOAD))).toEqual({ kid: "d-1", alg: "ES256", payload: PAYLOAD });
  });

  for (const [name, text] of Object.entries(RFC_7515)) {
    it(`RFC 7515 appendix ${name} is not one of ours`, () => {
      expect(parseAccessToken(text)).toBeUndefined();
    });
  }

  it("a header that brings a key, an extension or an encoding of its own is foreign", () => {
    for (const member of ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"]) {
      expect(parseAccessToken(token({ ...HEADER, [member]: "x" }, PAYLOAD))).toBeUndefined();
    }
  });

  it("a kid is 1 to 64 letters, digits, dots, underscores and dashes", () => {
    for (const kid of ["", "a/b", "a b", "../x", "x".repeat(65), "é", ["d-1"], { toString: "d-1" }]) {
      expect(parseAccessToken(token({ ...HEADER, kid }, PAYLOAD))).toBeUndefined();
    }
    expect(parseAccessToken(token({ ...HEADER, kid: "x".repeat(64) }, PAYLOAD))?.kid).toHaveLength(64);
  });

  it("JSON that is not an object, not UTF-8, or begins with a byte order mark is foreign", () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]).toString("base64url");
    for (const header of [
      segment([HEADER]),
      segment("null"),
      segment(`\ufeff${JSON.stringify(HEADER)}`),
      bytes,
    ]) {
      expect(parseAccessToken(`${header}.${segment(PAYLOAD)}.c2ln`)).toBeUndefined();
      expect(parseAccessToken(`${segment(HEADER)}.${header}.c2ln`)).toBeUndefined();
    }
  });

  it("segments are canonical base64url", () => {
    const text = token(HEADER, PAYLOAD);
    const [header = "", ...rest] = text.split(".");
    for (const other of [`${header}=`, `${header} `, header.replace(/.$/, "\n"), `${header}+`]) {
      expect(parseAccessToken([other, ...rest].join("."))).toBeUndefined();
    }
  });
});

describe("splitToken", () => {
  it("three parts that are not empty, and at most 8 KB", () => {
    expect(splitToken("a.b.c")).toEqual({ header: "a", payload: "b", signature: "c", signingInput: "a.b" });
    for (const text of [
      "",
      ".",
      "..",
      "a",
      "a.b",
      ".b.c",
      "a..c",
      "a.b.",
      "a.b.c.d",
      `a.b.${"c".repeat(8 * 1024)}`,
    ]) {
      expect(splitToken(text)).toBeUndefined();
    }
    expect(splitToken(`a.b.${"c".repeat(8 * 1024 - 4)}`)).toBeDefined();
  });
});

describe("asAccessTokenPayload", () => {
  it("every claim has to be there with its type", () => {
    const wrong: Record<string, unknown[]> = {
      sub: [undefined, null, "", 1, ["u"], {}],
      rsub: [undefined, null, "", 1],
      tId: [undefined, null, "", 1],
      sessionHandle: [undefined, null, "", 1],
      refreshTokenHash1: [undefined, null, "", 1],
      iat: [undefined, null, "1", [1], Number.NaN, Number.POSITIVE_INFINITY],
      exp: [undefined, null, "1", [1], Number.NaN, Number.POSITIVE_INFINITY],
      parentRefreshTokenHash1: ["", 1, {}],
      antiCsrfToken: ["", 1, {}],
      stt: [1, "0", null],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) expect(asAccessTokenPayload({ ...PAYLOAD, [name]: value })).toBeUndefined();
    }
    for (const value of [undefined, null, [], "text", 1]) expect(asAccessTokenPayload(value)).toBeUndefined();
    expect(asAccessTokenPayload({ ...PAYLOAD, stt: 0, own: 1 })).toEqual({ ...PAYLOAD, stt: 0, own: 1 });
  });
});
