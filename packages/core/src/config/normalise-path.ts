/**
 * A path as the application wrote it (wire-contract.md A-3): full URLs and `host.tld/path` are accepted, query and hash
 * dropped, one trailing slash dropped (so `/` becomes empty), a leading slash forced, the case preserved.
 *
 * @returns undefined when the text is no path
 */
export function normalisePath(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^https?:\/\//i.test(trimmed)) return parse(trimmed);
  const first = trimmed.split("/", 1)[0] ?? "";
  const isHost =
    !trimmed.startsWith("/") && (/^[^?#]*\.[^?#]+$/.test(first) || /^localhost(?::\d+)?$/i.test(first));
  return parse(isHost ? `http://${trimmed}` : `http://host${trimmed.startsWith("/") ? "" : "/"}${trimmed}`);
}

/** Path of a request as the client sent it, without query and with at most one trailing slash dropped. */
export function requestPath(url: string): string {
  const path = sentPath(url);
  return path.charCodeAt(path.length - 1) === SLASH ? path.slice(0, -1) : path;
}

/** Path of a request as the client sent it, without query: the one that browsers choose its cookies by. */
export function sentPath(url: string): string {
  let start = 0;
  if (url.charCodeAt(0) !== SLASH) {
    const scheme = url.indexOf("://");
    start = scheme === -1 ? 0 : url.indexOf("/", scheme + 3);
    if (start === -1) return "";
  }
  let end = url.length;
  for (const mark of ["?", "#"]) {
    const at = url.indexOf(mark, start);
    if (at !== -1 && at < end) end = at;
  }
  return url.slice(start, end);
}

const SLASH = 47;

function parse(text: string): string | undefined {
  try {
    // The parser would fold dots and encode; only its verdict is wanted, and the text's own path.
    new URL(text);
  } catch {
    return undefined;
  }
  const path = /^https?:\/\/[^/?#]*([^?#]*)/i.exec(text)?.[1] ?? "";
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
