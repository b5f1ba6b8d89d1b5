import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { invalidArgument } from "../errors/throwers.js";
import { callAside } from "../runtime/aside.js";
import type { JsonObject } from "../runtime/json.js";
import type { PluginHost } from "../session/session-plugin.js";
import type { RoleStore } from "../store/role-store.js";
import type { Authorization, AuthorizationReader } from "./authorization-reader.js";
import { affectedUsers } from "./role-holders.js";
import { SessionEnding, type UserInTenant } from "./session-ending.js";

/** What a change of roles does to live sessions; the last argument of every function that changes something. */
export interface PropagateOptions {
  /** False: sessions are left alone. Default: as the option `propagation` says. */
  readonly propagate?: boolean | undefined;
  /**
   * Ends the sessions of the users concerned instead, in that tenant. For hard demotions. Default false.
   *
   * However many there are, all of them are ended, or the call throws `STORE_UNAVAILABLE`: then the roles may have been
   * changed already, and the same call again finishes it. For that reason the functions that name a user end his
   * sessions also when he has, or has not, the role already.
   */
  readonly revokeSessions?: boolean | undefined;
  /** Called after each batch; what it throws changes nothing. */
  readonly onProgress?: ((progress: { updatedSessions: number }) => void) | undefined;
}

/** What has become of it. */
export interface Propagated {
  /**
   * Whether every live session concerned has been changed (or ended), or needs no change. False: it was not wanted, the
   * store failed, or there were more than `maxPushedSessions`; the others follow with their next refresh.
   */
  propagated: boolean;
  updatedSessions: number;
}

/** Who is concerned by the deletion of a role. */
export interface Concerned {
  readonly users: readonly UserInTenant[];
  /** False: there are more, and nobody has looked who. */
  readonly isComplete: boolean;
}

/** One of the claims that a change reaches, and how its value is read. */
export interface PushedClaim {
  readonly claim: SessionClaim<unknown>;
  /** Undefined: the claim is not in every token, so it is taken out and fetched again when it is needed. */
  readonly valueIn: ((authorization: Authorization) => unknown) | undefined;
}

const WRITES_AT_ONCE = 16;

/** Writes changed roles into the rows of live sessions: at once here, in tokens with the next one that is made. */
export class RolePropagator {
  readonly #hosts: PluginHost[] = [];
  #lastStampMs = 0;

  constructor(
    private readonly roles: () => RoleStore,
    private readonly reader: AuthorizationReader,
    private readonly claims: readonly PushedClaim[],
    private readonly isPushing: boolean,
    private readonly maxSessions: number,
  ) {}

  attach(host: PluginHost): void {
    this.#hosts.push(host);
  }

  /** After a change of one user's roles in one tenant, or (undefined) in all. @throws SessionError see `revokeSessions` */
  ofUser(
    tenantId: string | undefined,
    userId: string,
    options: PropagateOptions,
    userContext: UserContext,
  ): Promise<Propagated> {
    return this.#ofPages([[{ tenantId, userId }]], options, userContext);
  }

  /** After a change of a role's permissions or parents. @throws SessionError see `revokeSessions` */
  ofRole(role: string, options: PropagateOptions, userContext: UserContext): Promise<Propagated> {
    return this.#ofPages(affectedUsers(this.roles(), role), options, userContext);
  }

  /** Before a role is deleted, since afterwards nobody has it: those whom the change will be pushed to. */
  async usersWith(role: string, options: PropagateOptions): Promise<Concerned> {
    if (!this.#isWanted(options)) return { users: [], isComplete: false };
    const users: UserInTenant[] = [];
    for await (const page of affectedUsers(this.roles(), role)) {
      users.push(...page);
      if (users.length > this.maxSessions)
        return { users: users.slice(0, this.maxSessions), isComplete: false };
    }
    return { users, isComplete: true };
  }

  /** After a role has been deleted. */
  async ofUsers(
    { users, isComplete }: Concerned,
    options: PropagateOptions,
    userContext: UserContext,
  ): Promise<Propagated> {
    return this.#ofPages([users], options, userContext, isComplete);
  }

  /** Before anything is changed. @throws SessionError `INVALID_ARGUMENT` when there are no sessions to end from here */
  assertCanEndSessions(options: PropagateOptions): void {
    if (options.revokeSessions !== true || this.#hosts.length > 0) return;
    throw invalidArgument(
      "`revokeSessions` needs an instance whose sessions it ends: hand the roles to `createSession({ plugins: [roles] })`",
    );
  }

  ending(userContext: UserContext): SessionEnding {
    return new SessionEnding(this.#hosts, userContext);
  }

  tell({ onProgress }: PropagateOptions, updatedSessions: number): void {
    if (onProgress === undefined) return;
    callAside(
      () => onProgress({ updatedSessions }),
      () => this.#hosts[0]?.logger.warn("`onProgress` of a change of roles failed."),
    );
  }

  #isWanted(options: PropagateOptions): boolean {
    if (this.#hosts.length === 0) return false;
    return options.revokeSessions === true || (this.isPushing && options.propagate !== false);
  }

  async #ofPages(
    pages: Iterable<readonly UserInTenant[]> | AsyncIterable<readonly UserInTenant[]>,
    options: PropagateOptions,
    userContext: UserContext,
    isComplete = true,
  ): Promise<Propagated> {
    if (!this.#isWanted(options)) return { propagated: false, updatedSessions: 0 };
    if (options.revokeSessions === true) return this.#endAll(pages, options, userContext);
    return this.#pushAll(pages, options, userContext, isComplete);
  }

  async #endAll(
    pages: Iterable<readonly UserInTenant[]> | AsyncIterable<readonly UserInTenant[]>,
    options: PropagateOptions,
    userContext: UserContext,
  ): Promise<Propagated> {
    const ending = this.ending(userContext);
    try {
      for await (const users of pages) {
        await ending.ofUsers(users);
        this.tell(options, ending.endedSessions);
      }
    } catch (error) {
      throw ending.failure(error);
    }
    return { propagated: true, updatedSessions: ending.endedSessions };
  }

  /** The change itself is in the store by now: whatever goes wrong here is reported, not thrown. */
  async #pushAll(
    pages: Iterable<readonly UserInTenant[]> | AsyncIterable<readonly UserInTenant[]>,
    options: PropagateOptions,
    userContext: UserContext,
    isComplete: boolean,
  ): Promise<Propagated> {
    const result: Propagated = { propagated: isComplete, updatedSessions: 0 };
    let visited = 0;
    try {
      walk: for await (const users of pages) {
        for (const { tenantId, userId } of users) {
          if (Math.max(visited, result.updatedSessions) >= this.maxSessions) {
            result.propagated = false;
            break walk;
          }
          for (const host of this.#hosts) await this.#push(host, tenantId, userId, result, userContext);
          visited += 1;
          this.tell(options, result.updatedSessions);
        }
      }
    } catch {
      result.propagated = false;
    }
    if (!result.propagated) {
      this.#hosts[0]?.logger.warn(
        `A change of roles did not reach all live sessions (${result.updatedSessions} changed); they follow with their next refresh.`,
      );
    }
    return result;
  }

  async #push(
    host: PluginHost,
    tenantId: string | undefined,
    userId: string,
    result: Propagated,
    userContext: UserContext,
  ): Promise<void> {
    const { functions, clock } = host;
    const handles = await functions.getAllSessionHandlesForUser({ userId, tenantId, userContext });
    const patches = new Map<string, Promise<JsonObject>>();
    for (let start = 0; start < handles.length; start += WRITES_AT_ONCE) {
      const batch = handles.slice(start, start + WRITES_AT_ONCE).map(async (sessionHandle) => {
        const tenant =
          tenantId ?? (await functions.getSessionInformation({ sessionHandle, userContext }))?.tenantId;
        if (tenant === undefined) return;
        let patch = patches.get(tenant);
        if (patch === undefined) {
          patch = this.#patchOf(tenant, userId, this.#stampMs(clock.wallMs()), userContext);
          patches.set(tenant, patch);
        }
        const accessTokenPayloadUpdate = await patch;
        if (
          await functions.mergeIntoAccessTokenPayload({
            sessionHandle,
            accessTokenPayloadUpdate,
            userContext,
          })
        ) {
          result.updatedSessions += 1;
        }
      });
      for (const outcome of await Promise.allSettled(batch)) {
        if (outcome.status === "rejected") result.propagated = false;
      }
    }
  }

  async #patchOf(
    tenantId: string,
    userId: string,
    stampMs: number,
    userContext: UserContext,
  ): Promise<JsonObject> {
    const authorization = await this.reader.read(tenantId, userId, userContext);
    let patch: JsonObject = {};
    for (const { claim, valueIn } of this.claims) {
      patch =
        valueIn === undefined
          ? claim.removeFromPayloadByMerge(patch)
          : claim.addToPayload(patch, valueIn(authorization), stampMs);
    }
    return patch;
  }

  /** Two changes in one millisecond still have an order: the entry with the later time stays (claims.md O-20). */
  #stampMs(nowMs: number): number {
    this.#lastStampMs = Math.max(nowMs, this.#lastStampMs + 1);
    return this.#lastStampMs;
  }
}
