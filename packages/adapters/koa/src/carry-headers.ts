import type { KoaResponse } from "./koa-response.js";

type Carrier = { headers?: Record<string, string | string[]> | undefined };

/**
 * Koa's last resort removes every header and then sets those of the error: what we have written rides on it. The
 * error stays the same object; its own headers win.
 *
 * @returns the error
 */
export function carryHeaders(res: KoaResponse, error: unknown): unknown {
  if (res.isEmpty || res.committed) return error;
  if (typeof error !== "object" || error === null || !Object.isExtensible(error)) return error;
  const carrier = error as Carrier;
  const own = carrier.headers ?? {};
  const headers: Record<string, string | string[]> = {};
  const cookies = Object.entries(own).flatMap(([name, value]) => (isSetCookie(name) ? value : []));
  const find = (wanted: string): string | undefined => {
    const name = Object.keys(own).find((other) => other.toLowerCase() === wanted.toLowerCase());
    return name === undefined ? undefined : String(own[name]);
  };
  res.applyTo({
    getHeader: find,
    setHeader: (name, value) => {
      headers[name] = value;
    },
    appendSetCookie: (line) => void cookies.push(line),
  });
  const others = Object.entries(own).filter(
    ([name]) =>
      !isSetCookie(name) && !Object.keys(headers).some((one) => one.toLowerCase() === name.toLowerCase()),
  );
  carrier.headers = {
    ...Object.fromEntries(others),
    ...headers,
    ...(cookies.length === 0 ? {} : { "Set-Cookie": cookies }),
  };
  return error;
}

const isSetCookie = (name: string): boolean => name.toLowerCase() === "set-cookie";
