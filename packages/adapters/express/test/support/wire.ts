import { request } from "node:http";

type Headers = Record<string, string | string[] | undefined>;

/** A response as it came over the socket: one entry per header line, nothing folded. */
export class WireResponse {
  constructor(
    readonly status: number,
    readonly lines: readonly (readonly [name: string, value: string])[],
    readonly body: string,
  ) {}

  get json(): unknown {
    return JSON.parse(this.body);
  }

  all(name: string): string[] {
    return this.lines.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  }

  header(name: string): string | undefined {
    return this.all(name).join(", ") || undefined;
  }

  /** Names of the cookies set, in the order of their lines. */
  get cookieNames(): string[] {
    return this.all("set-cookie").map((line) => line.slice(0, line.indexOf("=")));
  }

  cookieLine(name: string): string | undefined {
    return this.all("set-cookie").find((line) => line.startsWith(`${name}=`));
  }
}

/** Sends one request on a socket of its own, and gives what was received up to the end, or up to a broken connection. */
export function send(
  origin: string,
  method: string,
  path: string,
  headers: Headers = {},
  body?: string,
): Promise<WireResponse & { isComplete: boolean }> {
  return new Promise((resolve, reject) => {
    const given = Object.entries(headers).filter((entry): entry is [string, string | string[]] => !!entry[1]);
    const req = request(
      origin + path,
      { method, headers: Object.fromEntries(given), agent: false },
      (res) => {
        const chunks: Buffer[] = [];
        const done = (isComplete: boolean): void => {
          const lines = res.rawHeaders.flatMap((name, index) =>
            index % 2 === 0 ? [[name, res.rawHeaders[index + 1] ?? ""] as const] : [],
          );
          const text = Buffer.concat(chunks).toString("utf8");
          resolve(Object.assign(new WireResponse(res.statusCode ?? 0, lines, text), { isComplete }));
        };
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", () => done(false));
        res.on("end", () => done(true));
      },
    );
    req.on("error", reject);
    req.end(body);
  });
}

/** A browser as far as cookies go: keeps what it is given, drops what is emptied. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(readonly origin: string) {}

  async send(method: string, path: string, headers: Headers = {}, body?: string) {
    const pairs = [...this.cookies]
      .filter(([name]) => name !== "sRefreshToken" || path.endsWith("/session/refresh"))
      .map(([name, value]) => `${name}=${value}`);
    const response = await send(
      this.origin,
      method,
      path,
      { "st-auth-mode": "cookie", rid: "anti-csrf", cookie: pairs.join("; "), ...headers },
      body,
    );
    for (const line of response.all("set-cookie")) {
      const pair = line.split(";", 1)[0] ?? "";
      const name = pair.slice(0, pair.indexOf("="));
      const value = pair.slice(pair.indexOf("=") + 1);
      if (value === "") this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  get(path: string, headers?: Headers) {
    return this.send("GET", path, headers);
  }

  post(path: string, body?: unknown, headers?: Headers) {
    const json = body === undefined ? {} : { "content-type": "application/json" };
    return this.send(
      "POST",
      path,
      { ...json, ...headers },
      body === undefined ? undefined : JSON.stringify(body),
    );
  }
}
