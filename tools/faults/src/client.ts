/** What a request came to. */
export interface Answer {
  /**
   * `"ok"`, the status, `"theft"`, `"try refresh"` for the 401 that ends no session: the browser refreshes and asks again;
   * `"broken"` when the process died over it.
   */
  readonly outcome: string;
  readonly body: Record<string, unknown>;
  /** Milliseconds. */
  readonly tookMs: number;
}

/** The columns of the matrix (security.md §21): verify, verify in the store, refresh, create, sign out, merge. */
export const columns = ["V", "D", "R", "C", "X", "M"] as const;
export type Column = (typeof columns)[number];

/** A person with a browser: keeps the tokens it is given and forgets them when it is told to. */
export class Client {
  handle = "";
  accessToken = "";
  refreshToken = "";
  /** What no answer may look like, as sentences. */
  readonly complaints: string[] = [];
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Another tab. */
  copy(): Client {
    const { handle, accessToken, refreshToken } = this;
    return Object.assign(new Client(this.name), { handle, accessToken, refreshToken });
  }

  async signIn(origin: string, data: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.#send(origin, "POST", `/login/${this.name}`, undefined, data);
    if (answer.outcome === "ok") this.handle = String(answer.body.handle);
    return answer;
  }

  verify(origin: string): Promise<Answer> {
    return this.#send(origin, "GET", "/verify", this.accessToken);
  }

  verifyInStore(origin: string): Promise<Answer> {
    return this.#send(origin, "GET", "/verify-in-store", this.accessToken);
  }

  refresh(origin: string): Promise<Answer> {
    return this.#send(origin, "POST", "/auth/session/refresh", this.refreshToken);
  }

  signOut(origin: string): Promise<Answer> {
    return this.#send(origin, "POST", "/auth/signout", this.accessToken);
  }

  merge(origin: string, key = "merged"): Promise<Answer> {
    return this.#send(origin, "POST", `/merge/${key}`, this.accessToken);
  }

  mergeByHandle(origin: string, key = "merged"): Promise<Answer> {
    return this.#send(origin, "POST", `/sessions/${this.handle}/merge/${key}`, undefined);
  }

  revokeByHandle(origin: string): Promise<Answer> {
    return this.#send(origin, "POST", `/sessions/${this.handle}/revoke`, undefined);
  }

  /** What a user does in this column. */
  act(column: Column, origin: string): Promise<Answer> {
    switch (column) {
      case "V":
        return this.verify(origin);
      case "D":
        return this.verifyInStore(origin);
      case "R":
        return this.refresh(origin);
      case "C":
        return this.signIn(origin);
      case "X":
        return this.signOut(origin);
      case "M":
        return this.merge(origin);
    }
  }

  async #send(
    origin: string,
    method: string,
    path: string,
    bearer: string | undefined,
    body?: Record<string, unknown>,
  ): Promise<Answer> {
    const startedMs = performance.now();
    let response: Response;
    let json: Record<string, unknown>;
    try {
      response = await fetch(`${origin}${path}`, {
        method,
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: {
          "st-auth-mode": "header",
          rid: "session",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      json = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    } catch {
      return { outcome: "broken", body: {}, tookMs: performance.now() - startedMs };
    }
    this.#keep(path, response);
    const outcome = response.status === 200 ? "ok" : (SAID[String(json.message)] ?? String(response.status));
    return { outcome, body: json, tookMs: performance.now() - startedMs };
  }

  #keep(path: string, { status, headers }: Response): void {
    const [access, refresh] = [headers.get("st-access-token"), headers.get("st-refresh-token")];
    const touches =
      headers.has("set-cookie") || headers.has("front-token") || access !== null || refresh !== null;
    if (status >= 500 && touches) this.complaints.push(`${path} answered ${status} and touched the tokens`);
    if (status === 503 && !headers.has("retry-after")) {
      this.complaints.push(`${path} answered 503 without Retry-After`);
    }
    if (access !== null) this.accessToken = access;
    if (refresh !== null) this.refreshToken = refresh;
  }
}

/** Longer than any process is stopped for: what takes so long will never be answered. */
const PATIENCE_MS = 280_000;

const SAID: Readonly<Record<string, string>> = {
  "token theft detected": "theft",
  "try refresh token": "try refresh",
};

/** Someone who has just signed in; on a machine that is too busy, at the second attempt or the third. */
export async function signedIn(origin: string, name: string): Promise<Client> {
  const client = new Client(name);
  for (let attempt = 1; ; attempt += 1) {
    const { outcome } = await client.signIn(origin);
    if (outcome === "ok") return client;
    if (outcome !== "503" || attempt === 5) throw new Error(`${name} could not sign in: ${outcome}`);
  }
}

/** The same, with a refresh token that was never used: the next refresh has to write. */
export async function refreshed(origin: string, name: string): Promise<Client> {
  const client = await signedIn(origin, name);
  const { outcome } = await client.refresh(origin);
  if (outcome !== "ok") throw new Error(`${name} could not refresh: ${outcome}`);
  return client;
}
