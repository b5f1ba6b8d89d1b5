import assert from "node:assert/strict";
import { CANONICAL_CONTENT_TYPE } from "./canonical-answers.js";
import { isClearing } from "./set-cookie.js";
import type { WireResponse } from "./wire-request.js";

const ACCESS = "sAccessToken";
const REFRESH = "sRefreshToken";

/** The whole answer is one of ours: status, type and every byte of the body. */
export function assertAnswer(response: WireResponse, expected: { status: number; body: string }): void {
  assert.deepEqual(
    { status: response.status, type: response.header("content-type"), body: response.body },
    { status: expected.status, type: CANONICAL_CONTENT_TYPE, body: expected.body },
  );
}

/** The response says nothing about tokens. */
export function assertUntouched(response: WireResponse): void {
  assert.deepEqual(
    response.setCookies.map(({ line }) => line),
    [],
  );
  for (const name of ["front-token", "st-access-token", "st-refresh-token", "anti-csrf"]) {
    assert.deepEqual(response.all(name), [], name);
  }
}

/** Both token cookies and a front token, each exactly once, with everything that goes with them. */
export function assertNewTokens(response: WireResponse): void {
  for (const name of [ACCESS, REFRESH]) {
    const [cookie, ...more] = response.cookies(name);
    assert.ok(cookie !== undefined && more.length === 0, `one line of ${name}`);
    assert.ok(cookie.value.length > 20 && !isClearing(cookie), `${name} holds a token`);
    assert.ok(cookie.httpOnly && cookie.secure, `${name} is HttpOnly and Secure`);
    // A host that writes the lines again (Next, beside cookies of its own) may spell it in its way (RFC 6265bis §5.6.7).
    assert.equal(cookie.sameSite?.toLowerCase(), "lax");
  }
  assertFrontToken(response);
}

/** A new access token only, as after a merge. */
export function assertNewAccessToken(response: WireResponse): void {
  assert.deepEqual(
    response.setCookies.filter(({ name }) => name.endsWith("Token")).map(({ name }) => name),
    [ACCESS],
  );
  assert.ok((response.cookies(ACCESS)[0]?.value.length ?? 0) > 20);
  assertFrontToken(response);
}

/** Both token cookies are cleared, once each, and nothing hands out a token. */
export function assertCleared(response: WireResponse): void {
  const ours = response.setCookies.filter(({ name }) => name === ACCESS || name === REFRESH);
  assert.deepEqual(ours.map(({ name }) => name).sort(), [ACCESS, REFRESH]);
  for (const cookie of ours) assert.ok(isClearing(cookie), `${cookie.name} is cleared`);
  assert.equal(response.header("front-token"), "remove");
  assertNotCached(response);
}

function assertFrontToken(response: WireResponse): void {
  const front = JSON.parse(Buffer.from(response.header("front-token") ?? "", "base64").toString("utf8"));
  assert.deepEqual(Object.keys(front), ["uid", "ate", "up"]);
  assert.ok(tokensOf(response.header("access-control-expose-headers")).includes("front-token"));
  assertNotCached(response);
}

function assertNotCached(response: WireResponse): void {
  const directives = tokensOf(response.header("cache-control"));
  assert.ok(directives.includes("no-store") && directives.includes("private"), `cached: ${directives}`);
}

/** A comma-separated header as lower-case tokens. */
export function tokensOf(header: string | undefined): string[] {
  return (header ?? "")
    .split(",")
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== "");
}

/** The user id and payload that a fixture route answered with. */
export function sessionIn(response: WireResponse): {
  userId: string;
  handle: string;
  payload: Record<string, unknown>;
} {
  assert.equal(response.status, 200, response.body);
  return response.json as ReturnType<typeof sessionIn>;
}
