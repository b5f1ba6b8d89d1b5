const COOKIE_HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$|^\[[0-9a-f:.]+\]$/;
/** RFC 1035 §2.3.4 */
const MAX_HOST_LENGTH = 253;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** Whether a host is this machine or an IP literal: such hosts have no registrable domain (A-6, A-7). */
export function isLocalHost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || IPV4.test(host) || host.startsWith("[");
}

/**
 * A domain as the application wrote it, as an origin (wire-contract.md A-2): `api.example.com` →
 * `https://api.example.com`; `localhost:4000/x` → `http://localhost:4000`.
 *
 * @returns undefined when the text names no host
 */
export function normaliseDomain(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "" || trimmed.startsWith("/")) return undefined;
  if (/^https?:\/\//.test(trimmed)) return originOf(trimmed);
  const bare = trimmed.replace(/^\./, "");
  const url = parse(`http://${bare}`);
  if (url === undefined || /^[a-z][a-z0-9+.-]*:\/\//.test(bare)) return undefined;
  const isLocal = isLocalHost(url.hostname);
  if (!isLocal && !url.hostname.includes(".")) return undefined;
  return originOf(`${isLocal ? "http" : "https"}://${bare}`);
}

/**
 * A cookie's domain (S-6): URL or host, one leading dot kept, port and path dropped; localhost and IPv4 lose the dot.
 *
 * @returns undefined when the text names no host
 */
export function normaliseCookieDomain(text: string): string | undefined {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "");
  const hasDot = bare.startsWith(".");
  const host = parse(`http://${hasDot ? bare.slice(1) : bare}`)?.hostname;
  if (host === undefined || host.length > MAX_HOST_LENGTH || !COOKIE_HOST.test(host)) return undefined;
  return hasDot && !isLocalHost(host) ? `.${host}` : host;
}

/** Scheme, host and the port as written: `https://127.0.0.1:80` keeps `:80`. */
function originOf(text: string): string | undefined {
  const url = parse(text);
  if (url === undefined || url.hostname === "") return undefined;
  const authority = /^https?:\/\/([^/?#]*)/.exec(text)?.[1] ?? "";
  const port = /:(\d+)$/.exec(authority)?.[1];
  return `${url.protocol}//${url.hostname}${port === undefined ? "" : `:${port}`}`;
}

function parse(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return url.username === "" && url.password === "" ? url : undefined;
  } catch {
    return undefined;
  }
}
