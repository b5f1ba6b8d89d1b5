import type { WireResponse } from "./wire-client.js";

interface Entry {
  name: string;
  value: string;
  /** Of a cookie with a domain: it goes to hosts below, too. */
  domain: string | undefined;
  path: string;
}

/** As a browser keeps and sends the cookies of one host (RFC 6265 §5.3, §5.4): by name, domain and path. */
export class CookieJar {
  readonly #entries: Entry[] = [];

  constructor(private readonly host: string) {}

  set(entry: Entry): void {
    const at = this.#entries.findIndex(
      ({ name, domain, path }) => name === entry.name && domain === entry.domain && path === entry.path,
    );
    if (at !== -1) this.#entries.splice(at, 1);
    if (entry.value !== "") this.#entries.push(entry);
  }

  keep({ setCookies }: WireResponse): void {
    for (const { name, value, domain, path = "/" } of setCookies) {
      const isOurs = domain === undefined || this.host === domain || this.host.endsWith(`.${domain}`);
      if (isOurs) this.set({ name, value, domain, path });
    }
  }

  /** Longer paths first, then older ones. */
  header(requestPath: string): string {
    return this.#entries
      .filter(({ path }) => isAbove(path, requestPath))
      .sort((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }

  get size(): number {
    return this.#entries.length;
  }
}

function isAbove(path: string, requestPath: string): boolean {
  return (
    path === requestPath ||
    (requestPath.startsWith(path) && (path.endsWith("/") || requestPath[path.length] === "/"))
  );
}
