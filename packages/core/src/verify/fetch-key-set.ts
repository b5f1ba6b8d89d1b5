import { invalidOption } from "../errors/throwers.js";

/** As much of `fetch` as reading keys takes. */
export type KeyFetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: "manual"; signal: AbortSignal },
) => Promise<{ status: number; text(): Promise<string> }>;

/** Far more than any issuer publishes. */
const MAX_KEY_SET_LENGTH = 256 * 1024;
const LOCAL = /^(?:localhost|127(?:\.\d+){3}|\[::1\]|.+\.localhost)$/;

/** @throws SessionError `INVALID_OPTION` */
export function keySetUrl(given: unknown, allowPlainHttp: boolean): URL {
  let url: URL;
  try {
    url = new URL(String(given));
  } catch {
    throw invalidOption("jwks", 'must be an address, e.g. "https://api.example.com/auth/jwt/jwks.json"');
  }
  if (url.protocol === "https:") return url;
  if (url.protocol === "http:" && (allowPlainHttp || LOCAL.test(url.hostname))) return url;
  throw invalidOption(
    "jwks",
    "must be an https address: on the way of plain http anybody can put their own key in (`allowPlainHttp: true` where the network is yours)",
  );
}

/**
 * The key set behind an address. A redirect is not followed: it could lead to whoever is on the way.
 *
 * @throws Error with a text for the developer, without query, user name or password of the address
 */
export async function fetchKeySet(
  url: URL,
  fetch: KeyFetch | undefined,
  timeoutMs: number,
): Promise<unknown> {
  const where = url.origin + url.pathname;
  const read: KeyFetch = fetch ?? globalThis.fetch;
  let text: string;
  let status: number;
  try {
    const answer = await read(url.href, {
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.status;
    text = status === 200 ? await answer.text() : "";
  } catch (error) {
    throw new Error(`${where} did not answer (${reasonOf(error)})`);
  }
  if (status !== 200) throw new Error(`${where} answered ${status}`);
  try {
    if (text.length > MAX_KEY_SET_LENGTH) throw new Error();
    return JSON.parse(text);
  } catch {
    throw new Error(`what ${where} answered is not a key set`);
  }
}

/** Of a failed connection the code says more than the message. */
function reasonOf(error: unknown): string {
  const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
  return typeof cause?.code === "string" ? cause.code : (name ?? "unknown reason");
}
