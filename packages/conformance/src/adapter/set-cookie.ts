/** One `Set-Cookie` line, taken apart. */
export interface SetCookie {
  readonly line: string;
  readonly name: string;
  readonly value: string;
  readonly domain: string | undefined;
  readonly path: string | undefined;
  readonly expires: string | undefined;
  readonly sameSite: string | undefined;
  readonly secure: boolean;
  readonly httpOnly: boolean;
}

const EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT";

export function parseSetCookie(line: string): SetCookie {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const attribute = (key: string): string | undefined =>
    attributes.find((text) => text.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const has = (key: string): boolean => attributes.some((text) => text.toLowerCase() === key);
  const equals = pair.indexOf("=");
  return {
    line,
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    domain: attribute("domain"),
    path: attribute("path"),
    expires: attribute("expires"),
    sameSite: attribute("samesite"),
    secure: has("secure"),
    httpOnly: has("httponly"),
  };
}

/** Whether the line makes the client forget the cookie. */
export function isClearing({ value, expires }: SetCookie): boolean {
  return value === "" && expires === EPOCH;
}

/** What a clearing line must share with the line that set the cookie. */
export function identityOf({ name, domain, path, sameSite, secure, httpOnly }: SetCookie): object {
  return { name, domain, path, sameSite, secure, httpOnly };
}
