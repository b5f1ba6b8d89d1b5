import { request } from "node:http";

/** A response as it came over the socket: header lines in order, nothing folded. */
export interface WireResponse {
  status: number;
  /** `[name, value]` per line, names as sent. */
  lines: [string, string][];
  body: string;
  json: unknown;
  /** Values of all lines with this name, any case. */
  all(name: string): string[];
  /** The only value of a header; undefined when absent; throws when there are several lines. */
  header(name: string): string | undefined;
  setCookies: SetCookie[];
  cookie(name: string): SetCookie | undefined;
}

export interface SetCookie {
  line: string;
  name: string;
  value: string;
  domain: string | undefined;
  path: string | undefined;
  expires: string | undefined;
  secure: boolean;
  httpOnly: boolean;
  sameSite: string | undefined;
}

/** Sends one request on a socket of its own. Header values may be lists: then each becomes a line. */
export function send(
  origin: string,
  method: string,
  path: string,
  headers: Record<string, string | string[] | undefined> = {},
  body?: string,
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const sent = Object.fromEntries(
      Object.entries(headers).filter(([, value]) => value !== undefined),
    ) as Record<string, string | string[]>;
    const req = request(origin, { method, path, headers: sent, agent: false }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", reject);
      res.on("end", () => {
        const lines: [string, string][] = [];
        for (let i = 0; i < res.rawHeaders.length; i += 2) {
          lines.push([res.rawHeaders[i] as string, res.rawHeaders[i + 1] as string]);
        }
        resolve(asResponse(res.statusCode ?? 0, lines, Buffer.concat(chunks).toString("utf8")));
      });
    });
    req.on("error", reject);
    req.end(body);
  });
}

function asResponse(status: number, lines: [string, string][], body: string): WireResponse {
  const all = (name: string): string[] =>
    lines.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const setCookies = all("set-cookie").map(parseSetCookie);
  return {
    status,
    lines,
    body,
    get json(): unknown {
      return JSON.parse(body);
    },
    all,
    header(name) {
      const values = all(name);
      if (values.length > 1) throw new Error(`${values.length} lines of ${name}`);
      return values[0];
    },
    setCookies,
    cookie: (name) => setCookies.find((cookie) => cookie.name === name),
  };
}

function parseSetCookie(line: string): SetCookie {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const value = (key: string): string | undefined =>
    attributes.find((attribute) => attribute.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1);
  const flag = (key: string): boolean => attributes.some((attribute) => attribute.toLowerCase() === key);
  const equals = pair.indexOf("=");
  return {
    line,
    name: pair.slice(0, equals),
    value: pair.slice(equals + 1),
    domain: value("domain"),
    path: value("path"),
    expires: value("expires"),
    secure: flag("secure"),
    httpOnly: flag("httponly"),
    sameSite: value("samesite"),
  };
}

/** A client that keeps what it is given, as the browser client does. `tokens` may be changed by hand. */
export class WireClient {
  cookies = new Map<string, string>();
  accessToken: string | undefined;
  refreshToken: string | undefined;
  antiCsrf: string | undefined;
  frontToken: string | undefined;

  constructor(
    readonly origin: string,
    readonly mode: "cookie" | "header" = "cookie",
  ) {}

  /** Sends what a browser with this client would send; `headers` come last, undefined removes one. */
  async send(
    method: string,
    path: string,
    headers: Record<string, string | string[] | undefined> = {},
    body?: string,
  ): Promise<WireResponse> {
    const isRefresh = path.endsWith("/session/refresh");
    const cookies = [...this.cookies].filter(([name]) => isRefresh || !name.includes("sRefreshToken"));
    // An access token that is only shown to script does not make the client send it in a header (B-12).
    const isExposedOnly = this.mode === "cookie" && this.refreshToken === undefined;
    const bearer = isRefresh ? this.refreshToken : isExposedOnly ? undefined : this.accessToken;
    const response = await send(
      this.origin,
      method,
      path,
      {
        rid: isRefresh ? "session" : "anti-csrf",
        "st-auth-mode": this.mode,
        ...(cookies.length > 0
          ? { cookie: cookies.map(([name, value]) => `${name}=${value}`).join("; ") }
          : {}),
        ...(this.antiCsrf === undefined ? {} : { "anti-csrf": this.antiCsrf }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
      body,
    );
    this.keep(response);
    return response;
  }

  refresh(headers: Record<string, string | string[] | undefined> = {}): Promise<WireResponse> {
    return this.send("POST", "/auth/session/refresh", headers);
  }

  /** Stores tokens from a response of any status, as wire-contract.md B-4 says. */
  keep(response: WireResponse): void {
    for (const cookie of response.setCookies) {
      if (cookie.value === "") this.cookies.delete(cookie.name);
      else this.cookies.set(cookie.name, cookie.value);
    }
    const access = response.header("st-access-token");
    if (access !== undefined) this.accessToken = access === "" ? undefined : access;
    const refresh = response.header("st-refresh-token");
    if (refresh !== undefined) this.refreshToken = refresh === "" ? undefined : refresh;
    const front = response.header("front-token");
    if (front === "remove") {
      this.frontToken = undefined;
      this.accessToken = undefined;
      this.refreshToken = undefined;
      this.antiCsrf = undefined;
    } else if (front !== undefined) {
      this.frontToken = front;
      this.antiCsrf = response.header("anti-csrf") ?? this.antiCsrf;
    }
  }

  /** A second client that holds the same tokens: another tab, or a thief. */
  copy(origin = this.origin): WireClient {
    const twin = new WireClient(origin, this.mode);
    twin.cookies = new Map(this.cookies);
    twin.accessToken = this.accessToken;
    twin.refreshToken = this.refreshToken;
    twin.antiCsrf = this.antiCsrf;
    twin.frontToken = this.frontToken;
    return twin;
  }

  /** The decoded front token. */
  get front(): { uid: string; ate: number; up: Record<string, unknown> } {
    return JSON.parse(Buffer.from(this.frontToken ?? "", "base64").toString("utf8"));
  }
}
