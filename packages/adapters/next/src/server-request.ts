import { BaseRequest } from "@acme/session-core/adapter";

/** What is read of Next's `headers()`. */
export interface ServerHeaders {
  get(name: string): string | null;
}

/** The request behind a server component or a server action, as far as Next shows it: its headers. */
export class ServerRequest extends BaseRequest<ServerHeaders> {
  readonly url = "/";

  constructor(
    readonly native: ServerHeaders,
    readonly method: "GET" | "POST",
    /** Cookies that an action has set since the request came; an empty value has been cleared. */
    readonly written: ReadonlyMap<string, string> = new Map(),
  ) {
    super();
  }

  header(lowerCaseName: string): string | undefined {
    // Only cookies can be set from here, whatever the browser client would like.
    if (lowerCaseName === "st-auth-mode") return "cookie";
    const value = this.native.get(lowerCaseName) ?? undefined;
    return lowerCaseName === "cookie" && this.written.size > 0 ? this.#cookies(value ?? "") : value;
  }

  #cookies(sent: string): string | undefined {
    const pairs = sent.split(";").map((pair) => pair.trim());
    const kept = pairs.filter((pair) => pair !== "" && !this.written.has(pair.slice(0, pair.indexOf("="))));
    for (const [name, value] of this.written) if (value !== "") kept.push(`${name}=${value}`);
    return kept.length === 0 ? undefined : kept.join("; ");
  }
}
