import { isClearing } from "./set-cookie.js";
import { exchange, type RequestHeaders, type WireRequest, type WireResponse } from "./wire-request.js";

/** A browser in this suite: it keeps what it is given, by the rules of wire-contract.md B-3 and B-4. */
export class WireClient {
  /** By name and domain; a clearing line takes one away. */
  readonly cookies = new Map<string, { name: string; value: string }>();
  accessToken: string | undefined;
  refreshToken: string | undefined;

  constructor(
    /** Where the application stands, prefix included. */
    readonly base: string,
    readonly mode: "cookie" | "header" = "cookie",
    readonly agent?: WireRequest["agent"],
  ) {}

  /** Sends what a browser with this client would send, and keeps what comes back; `headers` come last. */
  async send(
    method: string,
    path: string,
    headers: RequestHeaders = {},
    body?: string | Buffer,
  ): Promise<WireResponse> {
    const response = await exchange({
      method,
      url: this.base + path,
      headers: { ...this.headersFor(path), ...headers },
      ...(body === undefined ? {} : { body }),
      ...(this.agent === undefined ? {} : { agent: this.agent }),
    });
    this.#keep(response);
    return response;
  }

  get(path: string, headers?: RequestHeaders): Promise<WireResponse> {
    return this.send("GET", path, headers);
  }

  /** Posts JSON. */
  post(path: string, body: unknown, headers?: RequestHeaders): Promise<WireResponse> {
    return this.send("POST", path, { "content-type": "application/json", ...headers }, JSON.stringify(body));
  }

  login(userId: string, rest: { payload?: object; mode?: string } = {}): Promise<WireResponse> {
    return this.post("/login", { userId, ...rest });
  }

  refresh(headers?: RequestHeaders, body?: string | Buffer): Promise<WireResponse> {
    return this.send("POST", "/auth/session/refresh", headers, body);
  }

  /** What this client adds to a request. */
  headersFor(path: string): RequestHeaders {
    const isRefresh = path.startsWith("/auth/session/refresh");
    const bearer = isRefresh ? this.refreshToken : this.accessToken;
    return {
      rid: isRefresh ? "session" : "anti-csrf",
      "st-auth-mode": this.mode,
      cookie: this.cookieHeader(isRefresh),
      authorization: bearer === undefined ? undefined : `Bearer ${bearer}`,
    };
  }

  cookieHeader(isRefresh = false): string | undefined {
    const sent = [...this.cookies.values()].filter(({ name }) => isRefresh || name !== "sRefreshToken");
    return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /** The value of a cookie it holds. */
  cookie(name: string): string {
    for (const cookie of this.cookies.values()) if (cookie.name === name) return cookie.value;
    throw new Error(`the client holds no cookie ${name}`);
  }

  /** Another client that holds the same tokens: another tab, or a thief. */
  copy(): WireClient {
    const twin = new WireClient(this.base, this.mode, this.agent);
    for (const [key, cookie] of this.cookies) twin.cookies.set(key, cookie);
    twin.accessToken = this.accessToken;
    twin.refreshToken = this.refreshToken;
    return twin;
  }

  #keep(response: WireResponse): void {
    for (const cookie of response.setCookies) {
      const key = `${cookie.name} ${cookie.domain ?? ""}`;
      if (isClearing(cookie)) this.cookies.delete(key);
      else this.cookies.set(key, { name: cookie.name, value: cookie.value });
    }
    const access = response.header("st-access-token");
    if (access !== undefined) this.accessToken = access || undefined;
    const refresh = response.header("st-refresh-token");
    if (refresh !== undefined) this.refreshToken = refresh || undefined;
  }
}
