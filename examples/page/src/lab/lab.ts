import { resolve } from "node:path";
import type { SessionOptions } from "@acme/session-core";
import { fieldOf } from "../field-of.ts";
import { DemoClock } from "./demo-clock.ts";
import { Meeting } from "./meeting.ts";

/** Seconds. Short, so that one can watch a token expire. */
const ACCESS_TOKEN_SECONDS = 20;
/** Seconds for which a refresh token is still taken after its successor is in use: the default. */
const GRACE_SECONDS = 30;
const MAX_ADVANCE_SECONDS = 3600;

/** What the page has to know of the server. */
export interface LabFacts {
  /** Milliseconds since the epoch, by the demo's clock. */
  nowMs: number;
  accessTokenSeconds: number;
  graceSeconds: number;
  databaseFile: string;
  /** Refreshes since the server started. */
  refreshes: number;
}

/** How the server answered a refresh token that somebody else presented. */
export interface ReplayAnswer {
  status: number;
  message: string;
}

/**
 * What a demo needs and an application never has: a clock that can be moved, and a memory of refresh tokens, so that one
 * can be "stolen". The same for every framework.
 */
export class Lab {
  readonly #clock = new DemoClock();
  /** The first refresh token that each session presented. */
  readonly #firstTokens = new Map<string, string>();
  #refreshes = 0;
  #meeting: Meeting | undefined;

  /** Options for `createSession`. */
  readonly sessionOptions: SessionOptions = {
    accessTokenValiditySeconds: ACCESS_TOKEN_SECONDS,
    clock: this.#clock,
    override: {
      functions: (original) => ({
        ...original,
        refreshSession: async (input) => {
          await this.#meeting?.arrive();
          const session = await original.refreshSession(input);
          this.#refreshes++;
          this.#remember(session.getHandle(), input.refreshToken);
          return session;
        },
      }),
    },
  };

  facts(): LabFacts {
    return {
      nowMs: this.#clock.wallMs(),
      accessTokenSeconds: ACCESS_TOKEN_SECONDS,
      graceSeconds: GRACE_SECONDS,
      databaseFile: resolve(".sessions/sessions.db"),
      refreshes: this.#refreshes,
    };
  }

  /**
   * Lets time pass for the server.
   *
   * @param body of the request: `{ seconds }`; anything that is not a sensible number of them passes none
   */
  advance(body: unknown): LabFacts {
    const seconds = fieldOf(body, "seconds");
    if (typeof seconds === "number" && seconds > 0 && seconds <= MAX_ADVANCE_SECONDS) {
      this.#clock.advanceSeconds(seconds);
    }
    return this.facts();
  }

  /** The next two refreshes wait for each other, so that they are under way at the same moment. */
  letRefreshesMeet(): void {
    this.#meeting = new Meeting(2);
  }

  /**
   * Waits out the grace period, then presents the oldest refresh token of a session, over HTTP as a thief would.
   *
   * @param port where this server listens
   * @returns status 0 when no token has been replaced yet
   */
  async replay(sessionHandle: string, port: number | undefined): Promise<ReplayAnswer> {
    const stolen = this.#firstTokens.get(sessionHandle);
    if (stolen === undefined) return { status: 0, message: "no refresh token has been replaced yet" };
    this.#clock.advanceSeconds(GRACE_SECONDS + 1);
    const response = await fetch(`http://127.0.0.1:${port}/auth/session/refresh`, {
      method: "POST",
      headers: {
        cookie: `sRefreshToken=${encodeURIComponent(stolen)}`,
        rid: "session",
        "st-auth-mode": "cookie",
      },
    });
    const body = (await response.json()) as { message?: string };
    return { status: response.status, message: body.message ?? "" };
  }

  #remember(sessionHandle: string, refreshToken: string): void {
    if (!this.#firstTokens.has(sessionHandle)) this.#firstTokens.set(sessionHandle, refreshToken);
  }
}
