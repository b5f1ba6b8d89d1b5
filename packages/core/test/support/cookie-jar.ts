import type { WireResponse } from "./wire-client.js";

interface Entry {
  name: string;
  value: string;
  /** Of a cookie with a domain: it goes to hosts below, too. */
  domain: string | undefined;
  path: string;
  /** Of a cookie without a domain: the one host it goes to. Default the jar's. */
  host?: string | undefined;
}

/** As browsers keep and send the cookies of a site (RFC 6265 §5.3, §5.4): by name, domain and path. */
export class CookieJar {
  readonly #entries: Entry[] = [];

  constructor(private readonly host: string) {}

  set(entry: Entry): void {
    const at = this.#entries.findIndex(
      ({ name, domain, path, host }) =>
        name === entry.name && domain === entry.domain && path === entry.path && host === entry.host,
    );
    if (at !== -1) this.#entries.splice(at, 1);
    if (entry.value !== "") this.#entries.push(entry);
  }

  /** @param from another host of the site that answered */
  keep({ setCookies }: WireResponse, from?: string): void {
    for (const { name, value, domain, path = "/" } of setCookies) {
      const isAllowed = domain === undefined || isBelow(from ?? this.host, domain);
      if (isAllowed) this.set({ name, value, domain, path, host: domain === undefined ? from : undefined });
    }
  }

  /** Longer paths first, then older ones. */
  header(requestPath: string, to = this.host): string {
    return this.#entries
      .filter(({ domain, host = this.host }) => (domain === undefined ? host === to : isBelow(to, domain)))
      .filter(({ path }) => isAbove(path, requestPath))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  get size(): number {
    return this.#entries.length;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }
}

function isBelow(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function isAbove(path: string, requestPath: string): boolean {
  return (
    path === requestPath ||
    (requestPath.startsWith(path) && (path.endsWith("/") || requestPath[path.length] === "/"))
  );
}
