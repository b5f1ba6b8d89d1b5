/** Larger `Cookie` headers are not looked into (security rule D-01). */
export const MAX_COOKIE_HEADER_LENGTH = 16 * 1024;

/**
 * Values of one cookie in a raw `Cookie` header (RFC 6265 §4.2), found in one pass and without building an object.
 * Pairs are split at `;`, names at the first `=`; both sides are trimmed. Nothing here throws: a value whose percent
 * encoding is broken is returned as it stands.
 */
export function findCookie(header: string, name: string): string | undefined {
  let at = 0;
  while (at < header.length) {
    const start = skipToPair(header, at);
    const end = pairEnd(header, start);
    if (isNamed(header, start, end, name)) return pairValue(header, start, end);
    at = end + 1;
  }
  return undefined;
}

/** Every value of the cookie, in the order of the header: a browser that holds two with different domains sends both. */
export function findCookies(header: string, name: string): string[] {
  const values: string[] = [];
  let at = 0;
  while (at < header.length) {
    const start = skipToPair(header, at);
    const end = pairEnd(header, start);
    if (isNamed(header, start, end, name)) values.push(pairValue(header, start, end));
    at = end + 1;
  }
  return values;
}

/** The answer of {@link findOnlyCookie} for a name that was sent more than once. */
export const DUPLICATED = Symbol("duplicated cookie");

/** The value of a cookie that should be there once: the hot path's form of the two functions above. */
export function findOnlyCookie(header: string, name: string): string | typeof DUPLICATED | undefined {
  let foundStart = -1;
  let foundEnd = -1;
  let at = 0;
  while (at < header.length) {
    const start = skipToPair(header, at);
    const end = pairEnd(header, start);
    if (isNamed(header, start, end, name)) {
      if (foundStart !== -1) return DUPLICATED;
      foundStart = start;
      foundEnd = end;
    }
    at = end + 1;
  }
  return foundStart === -1 ? undefined : pairValue(header, foundStart, foundEnd);
}

const SPACE = 32;
const TAB = 9;

function skipToPair(header: string, at: number): number {
  let start = at;
  while (start < header.length) {
    const code = header.charCodeAt(start);
    if (code !== SPACE && code !== TAB) break;
    start += 1;
  }
  return start;
}

function pairEnd(header: string, start: number): number {
  const end = header.indexOf(";", start);
  return end === -1 ? header.length : end;
}

/**
 * The name as it stands. A percent-encoded spelling is another name to a browser: it could be planted where no response of
 * ours takes it away, and past what browsers forbid strangers of `__Host-` and `__Secure-`.
 */
function isNamed(header: string, start: number, end: number, name: string): boolean {
  let after = start + name.length;
  if (after >= end + 1 || !header.startsWith(name, start)) return false;
  while (after < end && (header.charCodeAt(after) === SPACE || header.charCodeAt(after) === TAB)) after += 1;
  return after < end && header[after] === "=";
}

function pairValue(header: string, start: number, end: number): string {
  const raw = header.slice(header.indexOf("=", start) + 1, end).trim();
  const value = raw.length >= 2 && raw[0] === '"' && raw[raw.length - 1] === '"' ? raw.slice(1, -1) : raw;
  return value.includes("%") ? decodePercent(value) : value;
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
