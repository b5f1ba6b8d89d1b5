import { afterEach, beforeEach, expect, it } from "vitest";
import { createAccessTokenVerifier } from "../../src/verify/index.js";
import { startApp, type TestApp } from "../support/http-app.js";
import { outcome } from "../support/outcome.js";
import type { WireClient } from "../support/wire-client.js";

let app: TestApp;
let other: TestApp;
beforeEach(async () => {
  app = await startApp();
  // Another process whose key this one has not read yet.
  other = await app.sibling({ signingAlgorithm: "EdDSA" });
});
afterEach(async () => {
  await app.close();
  await other.close();
});

async function signIn(at: TestApp): Promise<WireClient> {
  const client = at.client("header");
  await client.send("POST", "/login", {}, "{}");
  return client;
}

/** The token with a key id that nobody has. */
function invented({ accessToken }: WireClient, n: number): string {
  const [header, ...rest] = String(accessToken).split(".");
  const fields = JSON.parse(Buffer.from(String(header), "base64url").toString()) as object;
  const forged = JSON.stringify({ ...fields, kid: `d-${n}` });
  return [Buffer.from(forged).toString("base64url"), ...rest].join(".");
}

it("a key that cannot be looked up in a flood of invented ones is to be refreshed, which works: nobody is logged out [sec K-05]", async () => {
  const honest = await signIn(app);
  expect((await honest.send("GET", "/me")).status).toBe(200);
  app.store.reset();
  for (let n = 0; n < 50; n += 1) {
    const hostile = honest.copy();
    hostile.accessToken = invented(honest, n);
    expect(outcome(await hostile.send("GET", "/me"))).toBe("401-TRY");
    expect((await honest.send("GET", "/me")).status).toBe(200);
  }
  expect(app.store.calls).toEqual(["listSigningKeys"]);
  const moved = (await signIn(other)).copy(app.origin);
  expect(outcome(await moved.copy().send("GET", "/me"))).toBe("401-TRY");
  expect(outcome(await moved.copy().send("POST", "/auth/signout"))).toBe("401-TRY");
  expect((await moved.refresh()).status).toBe(200);
  expect((await moved.send("GET", "/me")).status).toBe(200);
  const late = (await signIn(other)).copy(app.origin);
  app.clock.advanceSeconds(1);
  expect((await late.send("GET", "/me")).status).toBe(200);
});

it("a service that only verifies says the same of a key it may not look up yet, and finds it after that [sec K-05]", async () => {
  const verifier = createAccessTokenVerifier({
    jwks: `${other.origin}/auth/jwt/jwks.json`,
    clock: app.clock,
    jwksTimeoutSeconds: 60,
  });
  const first = await signIn(app);
  expect(await verifier.verify(String(first.accessToken))).toMatchObject({ sub: "user-1" });
  app.clock.advanceSeconds(31);
  for (let n = 0; n < 20; n += 1) {
    await expect(verifier.verify(invented(first, n))).rejects.toMatchObject({ type: "TRY_REFRESH_TOKEN" });
  }
  const late = await app.sibling({ signingAlgorithm: "RS256" });
  const second = await signIn(late);
  await late.close();
  await expect(verifier.verify(String(second.accessToken))).rejects.toMatchObject({
    type: "TRY_REFRESH_TOKEN",
  });
  expect(await verifier.verify(String(first.accessToken))).toMatchObject({ sub: "user-1" });
  // As long as the issuer's own copy is good for, and the limit holds.
  app.clock.advanceSeconds(31);
  expect(await verifier.verify(String(second.accessToken))).toMatchObject({ sub: "user-1" });
});
