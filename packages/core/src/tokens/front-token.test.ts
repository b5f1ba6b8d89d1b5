import { expect, it } from "vitest";
import { base64, utf8Bytes } from "../runtime/encoding.js";
import type { AccessTokenPayload } from "./access-token.js";
import { frontTokenJson } from "./front-token.js";

it("holds user id, expiry in milliseconds and the whole payload with its nulls, in this order [wire F-2, F-3, F-4]", () => {
  const payload = {
    sub: "ü",
    exp: 7,
    antiCsrfToken: null,
    own: { n: null },
  } as unknown as AccessTokenPayload;
  expect(frontTokenJson(payload)).toBe(
    '{"uid":"ü","ate":7000,"up":{"sub":"ü","exp":7,"antiCsrfToken":null,"own":{"n":null}}}',
  );
});

it("its base64 is what a browser's atob and a UTF-8 decoder read [wire F-1] [sec C-15]", () => {
  const json = frontTokenJson({ sub: "🙂ÿþ?>~", exp: 1 } as unknown as AccessTokenPayload);
  const text = base64(utf8Bytes(json));
  expect(text).toMatch(/^[A-Za-z0-9+/]+={0,2}$/);
  expect(decodeURIComponent(escapeBytes(atob(text)))).toBe(json);
});

function escapeBytes(binary: string): string {
  return Array.from(binary, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
}
