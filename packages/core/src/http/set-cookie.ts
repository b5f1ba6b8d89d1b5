/** One cookie to be set. The value is sent as it stands: tokens use only characters that need no encoding. */
export interface CookieSpec {
  name: string;
  value: string;
  path: string;
  domain?: string | undefined;
  /** Milliseconds since the epoch. */
  expiresMs: number;
  secure: boolean;
  httpOnly: boolean;
  sameSite: "strict" | "lax" | "none";
}

const SAME_SITE = { strict: "Strict", lax: "Lax", none: "None" } as const;

/** One `Set-Cookie` line (RFC 6265 §4.1.1). Clearing writes the same attributes with an expiry in 1970. */
export function serializeCookie(spec: CookieSpec): string {
  let line = `${spec.name}=${spec.value}`;
  if (spec.domain !== undefined) line += `; Domain=${spec.domain}`;
  line += `; Path=${spec.path}; Expires=${new Date(spec.expiresMs).toUTCString()}`;
  if (spec.httpOnly) line += "; HttpOnly";
  if (spec.secure) line += "; Secure";
  return `${line}; SameSite=${SAME_SITE[spec.sameSite]}`;
}

/**
 * Whether a `Set-Cookie` line sets the cookie that (name, domain, path) identify: a later line with the same identity
 * replaces it, one with another domain or path stands beside it (RFC 6265 §5.3 step 11).
 */
export function isSameCookie(line: string, spec: Pick<CookieSpec, "name" | "domain" | "path">): boolean {
  if (!line.startsWith(`${spec.name}=`)) return false;
  let domain: string | undefined;
  let path: string | undefined;
  for (const attribute of line.split(";").slice(1)) {
    const equals = attribute.indexOf("=");
    if (equals === -1) continue;
    const key = attribute.slice(0, equals).trim().toLowerCase();
    if (key === "domain") domain = attribute.slice(equals + 1).trim();
    else if (key === "path") path = attribute.slice(equals + 1).trim();
  }
  return (domain ?? "").toLowerCase() === (spec.domain ?? "").toLowerCase() && (path ?? "") === spec.path;
}
