import type { UserContext } from "../claims/user-context.js";
import { SessionError } from "../errors/session-error.js";
import type { PluginHost } from "../session/session-plugin.js";

/** A user in one tenant, or (undefined) in all. */
export interface UserInTenant {
  readonly tenantId: string | undefined;
  readonly userId: string;
}

const USERS_AT_ONCE = 16;

/**
 * Ends sessions after a demotion: of as many users as there are, a page at a time. It has no limit, and a failure is
 * thrown: a session that should have ended and goes on is nothing to find out from a field of a result.
 */
export class SessionEnding {
  #endedSessions = 0;
  #thrown: SessionError | undefined;

  constructor(
    private readonly hosts: readonly PluginHost[],
    private readonly userContext: UserContext,
  ) {}

  get endedSessions(): number {
    return this.#endedSessions;
  }

  /**
   * Tries everybody on the page, then says whether all of them were reached.
   *
   * @throws SessionError `STORE_UNAVAILABLE` when somebody was not; calling again is safe
   */
  async ofUsers(users: readonly UserInTenant[]): Promise<void> {
    const failures: unknown[] = [];
    for (let start = 0; start < users.length; start += USERS_AT_ONCE) {
      const batch = users.slice(start, start + USERS_AT_ONCE).map((user) => this.#ofUser(user));
      for (const outcome of await Promise.allSettled(batch)) {
        if (outcome.status === "rejected") failures.push(outcome.reason);
      }
    }
    if (failures.length > 0) throw this.failure(failures[0], `${failures.length} of the users concerned`);
  }

  /** What the caller of a demotion is told that has not reached everybody. */
  failure(cause: unknown, whose = "everybody concerned"): SessionError {
    if (this.#thrown !== undefined && cause === this.#thrown) return this.#thrown;
    this.#thrown = new SessionError({
      type: "STORE_UNAVAILABLE",
      message: `a change of roles could not end the sessions of ${whose} (${this.#endedSessions} were ended), and has stopped: the same call again finishes it`,
      cause,
    });
    return this.#thrown;
  }

  async #ofUser({ tenantId, userId }: UserInTenant): Promise<void> {
    const { userContext } = this;
    for (const { functions } of this.hosts) {
      const ended = await functions.revokeAllSessionsForUser({ userId, tenantId, userContext });
      this.#endedSessions += ended.length;
    }
  }
}
