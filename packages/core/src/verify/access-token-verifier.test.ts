import { beforeEach, describe, expect, it } from "vitest";
import { decodeToken, type Members } from "../../test/support/forge-token.js";
import { keyInStore, segment, signWith, strangersKey } from "../../test/support/jws.js";
import { SpyStore } from "../../test/support/spy-store.js";
import { TestClock } from "../../test/support/test-clock.js";
import { SessionError } from "../errors/session-error.js";
import { SigningKeys } from "../keys/signing-keys.js";
import { platform as node } from "../platform/node.js";
import type { Platform } from "../platform/platform.js";
import { systemRandom } from "../runtime/random.js";
import { guardedStore } from "../store/guarded-store.js";
import { accessTokenHeader } from "../tokens/access-token.js";
import { AccessTokenVerifier } from "./access-token-verifier.js";
import { VerifiedTokenCache } from "./verified-token-cache.js";

const HOUR_MS = 3_600_000;
let clock: TestClock;
let store: SpyStore;
let checks: number;
let verifier: AccessTokenVerifier;
let keys: SigningKeys;
let genuine: string;

/** Node's platform, counting signature checks. */
const counting: Platform = {
  ...node,
  async importVerifyKey(jwk, algorithm) {
    const key = await node.importVerifyKey(jwk, algorithm);
    return {
      verify(signingInput, signature) {
        checks += 1;
        return key.verify(signingInput, signature);
      },
    };
  },
};

beforeEach(async () => {
  clock = new TestClock();
  store = new SpyStore();
  keys = new SigningKeys(
    counting,
    guardedStore(store, () => {}),
    clock,
    systemRandom,
    {
      algorithm: "ES256",
      family: "dynamic",
      rotationIntervalMs: 168 * HOUR_MS,
      accessTokenValidityMs: HOUR_MS,
      reloadIntervalMs: 4 * HOUR_MS,
    },
  );
  verifier = new AccessTokenVerifier(
    counting,
    keys,
    clock,
    new VerifiedTokenCache({ maxEntries: 100, maxBytes: 1 << 20 }),
    { family: "dynamic", accessTokenValidityMs: HOUR_MS },
  );
  const signing = await keys.signing();
  const nowSeconds = Math.floor(clock.wallMs() / 1000);
  const payload = {
    sub: "u",
    rsub: "u",
    tId: "public",
    iat: nowSeconds,
    exp: nowSeconds + 3600,
    sessionHandle: "h",
    refreshTokenHash1: "x",
    parentRefreshTokenHash1: null,
    antiCsrfToken: null,
  };
  genuine = signWith(await keyInStore(store, signing.kid), accessTokenHeader("ES256", signing.kid), payload);
  checks = 0;
});

async function verdict(token: string): Promise<string> {
  try {
    return (await verifier.verify(token)) === undefined ? "not ours" : "ok";
  } catch (error) {
    return SessionError.is(error) ? `${error.type}: ${error.message}` : String(error);
  }
}

async function changed(change: { header?: Members; payload?: Members }): Promise<string> {
  const { header, payload } = decodeToken(genuine);
  const key = await keyInStore(store, header.kid);
  return signWith(key, { ...header, ...change.header }, { ...payload, ...change.payload });
}

describe("what a token costs [sec T-09, D-02]", () => {
  it("nothing but looking at it, when its size, shape or header is wrong", async () => {
    const [head, body, signature] = genuine.split(".") as [string, string, string];
    const shapeless = [
      "",
      "x".repeat(100_000),
      `${genuine}${"A".repeat(8192)}`,
      `${head}.${body}`,
      `${head}.${body}.${signature}=`,
      `${head}.${body}.${"A".repeat(8000)}!`,
      `${"A".repeat(4000)}.${"A".repeat(3000)}.AAAA`,
      `${head}.${segment("not json")}.`,
      await changed({ header: { alg: "HS256" } }),
      await changed({ header: { kid: "d-unknown" } }),
      await changed({ header: { jku: "http://x/" } }),
      await changed({ header: { typ: "at+jwt" } }),
      ".".repeat(8000),
      "{".repeat(8000),
    ];
    for (const warm of [false, true]) {
      if (warm) await verdict(genuine);
      checks = 0;
      for (const token of shapeless) expect(await verdict(token)).not.toBe("ok");
      expect(checks).toBe(0);
    }
  });

  it("at most one signature check, and none when it was verified before", async () => {
    const forged = signWith(strangersKey("ES256"), decodeToken(genuine).header, decodeToken(genuine).payload);
    for (const token of [forged, forged, genuine]) {
      checks = 0;
      await verdict(token);
      expect(checks).toBe(1);
    }
    checks = 0;
    for (let n = 0; n < 100; n += 1) expect(await verdict(genuine)).toBe("ok");
    expect(checks).toBe(0);
  });

  it("says nothing of a payload whose signature is wrong: expired or not, it is the signature", async () => {
    const { header, payload } = decodeToken(genuine);
    const stranger = strangersKey("ES256");
    for (const change of [{ exp: 1 }, { nbf: 4_000_000_000 }, { exp: 4_000_000_000 }]) {
      const token = signWith(stranger, header, { ...payload, ...change });
      expect(await verdict(token)).toBe("TRY_REFRESH_TOKEN: the access token's signature is wrong");
      await verdict(genuine);
      expect(await verdict(token)).toBe("TRY_REFRESH_TOKEN: the access token's signature is wrong");
    }
  });
});

describe("clocks that differ [sec TM-05]", () => {
  it("a token from the future is taken; more than a minute ahead is reported, once a minute", async () => {
    const reported: number[] = [];
    verifier.onClockSkew = (aheadMs) => reported.push(aheadMs);
    const iat = Number(decodeToken(genuine).payload.iat);
    expect(await verdict(await changed({ payload: { iat: iat + 60 } }))).toBe("ok");
    expect(reported).toEqual([]);
    for (let n = 0; n < 5; n += 1) {
      expect(await verdict(await changed({ payload: { iat: iat + 90 } }))).toBe("ok");
    }
    expect(reported).toEqual([90_000]);
    clock.advanceMs(60_000);
    expect(await verdict(await changed({ payload: { iat: iat + 200 } }))).toBe("ok");
    expect(reported).toEqual([90_000, 140_000]);
  });
});

describe("without the store [sec O-01, K-06]", () => {
  it("a token of a key in memory verifies without asking; one of an unknown key is 503", async () => {
    await verdict(genuine);
    store.reset();
    store.fail = () => "before";
    expect(await verdict(genuine)).toBe("ok");
    expect(await verdict(await changed({ payload: { sub: "v" } }))).toBe("ok");
    expect(store.calls).toEqual([]);
    expect(await verdict(await changed({ header: { kid: "d-unknown" } }))).toMatch(/^STORE_UNAVAILABLE/);
    for (let hour = 0; hour < 30; hour += 1) {
      clock.advanceMs(HOUR_MS);
      const exp = Math.floor(clock.wallMs() / 1000) + 3600;
      expect(await verdict(await changed({ payload: { exp } }))).toBe("ok");
    }
  });
});
