import type { FrontToken } from "./front-token.ts";

/** Times are milliseconds since the epoch, by the server's clock. */
export interface AccessTokenLife {
  mintedMs: number;
  expiresMs: number;
  /** When the client got another one in its place. */
  replacedMs: number | undefined;
}

export interface RefreshTokenLife {
  /** Counts from 1. */
  number: number;
  /** First hex digits of the token's hash. */
  name: string;
  hash: string;
  mintedMs: number;
  /** When its successor was used for the first time. */
  replacedMs: number | undefined;
  accessTokens: AccessTokenLife[];
  calls: { atMs: number; status: number }[];
}

/** Everything that happened to the tokens of one session since the page was opened. */
export class TokenHistory {
  lives: RefreshTokenLife[] = [];
  /** Stretches of time that the demo's clock skipped. */
  jumps: { fromMs: number; toMs: number }[] = [];
  endedMs: number | undefined;
  #sessionHandle: string | undefined;

  /** Takes note of the token the client has now. */
  observe(token: FrontToken | undefined, nowMs: number): void {
    if (token === undefined) {
      if (this.lives.length > 0) this.endedMs ??= nowMs;
      return;
    }
    const { up } = token;
    if (up.sessionHandle !== this.#sessionHandle) {
      this.#sessionHandle = up.sessionHandle;
      this.lives = [];
      this.jumps = [];
    }
    this.endedMs = undefined;
    const mintedMs = up.iat * 1000;
    let life = this.lives.find(({ hash }) => hash === up.refreshTokenHash1);
    if (life === undefined) {
      life = {
        number: (this.lives.at(-1)?.number ?? 0) + 1,
        name: up.refreshTokenHash1.slice(0, 6),
        hash: up.refreshTokenHash1,
        mintedMs,
        replacedMs: undefined,
        accessTokens: [],
        calls: [],
      };
      this.lives.push(life);
    }
    const current = life.accessTokens.at(-1);
    if (current === undefined || current.mintedMs !== mintedMs || current.expiresMs !== token.ate) {
      const previous = this.#lastAccessToken();
      if (previous !== undefined) previous.replacedMs ??= Math.max(mintedMs, previous.mintedMs);
      life.accessTokens.push({ mintedMs, expiresMs: token.ate, replacedMs: undefined });
    }
    if (up.parentRefreshTokenHash1 === null) {
      for (const older of this.lives) if (older !== life) older.replacedMs ??= nowMs;
    }
  }

  call(status: number, atMs: number): void {
    this.lives.at(-1)?.calls.push({ atMs, status });
  }

  #lastAccessToken(): AccessTokenLife | undefined {
    return this.lives.at(-1)?.accessTokens.at(-1) ?? this.lives.at(-2)?.accessTokens.at(-1);
  }
}
