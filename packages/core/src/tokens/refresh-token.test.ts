import { beforeEach, describe, expect, it } from "vitest";
import { SecretRing } from "../keys/secret-ring.js";
import { platform as node } from "../platform/node.js";
import { platform as web } from "../platform/web.js";
import { base64Url } from "../runtime/encoding.js";
import { systemRandom } from "../runtime/random.js";
import { MemoryStore } from "../store/memory-store.js";
import {
  antiCsrfTokenOf,
  childOf,
  hash2Of,
  type IssuedRefreshToken,
  looksLikeRefreshToken,
  openRefreshToken,
  sealRefreshToken,
} from "./refresh-token.js";

const SECRET = "s".repeat(32);
const clock = { nowMs: 0, wallMs: (): number => clock.nowMs, monoMs: (): number => clock.nowMs };
const ringOf = (platform: typeof node, secrets: string[] = [SECRET]): SecretRing =>
  new SecretRing(platform, new MemoryStore(), clock, systemRandom, secrets);

let ring: SecretRing;
let first: IssuedRefreshToken;
beforeEach(async () => {
  ring = ringOf(node);
  first = await sealRefreshToken(node, await ring.primary(), {
    handle: "0123456789abcdef0123456789abcdef_tenant-1",
    generation: 0,
    boundToAntiCsrf: true,
    secret: base64Url(systemRandom(32)),
    parentHash1: null,
  });
});

describe("refresh tokens", () => {
  it("open to what they were sealed from, in an alphabet that cookies and headers carry as it is [wire L-4] [sec R-03]", async () => {
    const { text, hash1: _hash1, antiCsrfToken: _antiCsrf, ...token } = first;
    expect(await openRefreshToken(ring, text)).toEqual(token);
    expect(text).toMatch(/^[A-Za-z0-9._~-]{1,512}$/);
    expect(text.startsWith("j:")).toBe(false);
  });

  it("any other text is not one: every single character counts [sec R-04]", async () => {
    for (let at = 0; at < first.text.length; at++) {
      // A secret that nobody knows is looked for once a second.
      clock.nowMs += 1_000;
      const changed = `${first.text.slice(0, at)}${first.text[at] === "0" ? "1" : "0"}${first.text.slice(at + 1)}`;
      expect(await openRefreshToken(ring, changed)).toBeUndefined();
    }
    for (const text of ["", "1", `${first.text}.`, ` ${first.text}`, first.text.slice(1), "1".repeat(513)]) {
      expect(await openRefreshToken(ring, text)).toBeUndefined();
      expect(looksLikeRefreshToken(text)).toBe(false);
    }
  });

  it("the child is the same however often, wherever and on whichever platform it is derived [wire Z-9] [sec R-06]", async () => {
    const elsewhere = ringOf(web);
    const child = await childOf(node, await ring.primary(), first, true);
    const again = await childOf(web, await elsewhere.primary(), first, true);
    expect(again).toEqual(child);
    expect(child).toMatchObject({ generation: 1, parentHash1: first.hash1, handle: first.handle });
    expect(child.secret).not.toBe(first.secret);
    // Binding changes the text, not the chain.
    const unbound = await childOf(node, await ring.primary(), first, false);
    expect([unbound.secret, unbound.hash1]).toEqual([child.secret, child.hash1]);
    expect(unbound.antiCsrfToken).toBeNull();
  });

  it("another secret makes another child, and opens nothing [sec K-11]", async () => {
    const other = ringOf(node, ["t".repeat(32)]);
    expect((await childOf(node, await other.primary(), first, true)).secret).not.toBe(
      (await childOf(node, await ring.primary(), first, true)).secret,
    );
    expect(await openRefreshToken(other, first.text)).toBeUndefined();
    expect(await openRefreshToken(ringOf(node, ["t".repeat(32), SECRET]), first.text)).toBeDefined();
  });

  it("what is stored and shown leads back to nothing: hashes differ at every step [sec R-02]", async () => {
    const hash2 = await hash2Of(node, first.hash1);
    expect(new Set([first.secret, first.hash1, hash2]).size).toBe(3);
    expect([first.hash1, hash2]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    expect(first.antiCsrfToken).toBe(await antiCsrfTokenOf(await ring.primary(), first.secret));
    expect(first.antiCsrfToken).toHaveLength(22);
  });
});
