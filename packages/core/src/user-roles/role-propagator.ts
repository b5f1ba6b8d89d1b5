import type { SessionClaim } from "../claims/session-claim.js";
import type { UserContext } from "../claims/user-context.js";
import { callAside } from "../runtime/aside.js";
import type { JsonObject } from "../runtime/json.js";
import type { PluginHost } from "../session/session-plugin.js";
import type { RoleStore } from "../store/role-store.js";
import type { Authorization, AuthorizationReader } from "./authorization-reader.js";

/** What a change of roles does to live sessions; the last argument of every function that changes something. */
export interface PropagateOptions {
  /** False: sessions are left alone. Default: as the option `propagation` says. */
  readonly propagate?: boolean | undefined;
  /** Ends the sessions of the users concerned instead, in that tenant. For hard demotions. Default false. */
  readonly revokeSessions?: boolean | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: { updatedSessions: number }) => void) | undefined;
}

/** What has become of it. */
export interface Propagated {
  /** Whether every live session concerned has been changed (or ended), or needs no change. */
  propagated: boolean;
  updatedSessions: number;
}

/** One of the claims that a change reaches, and how its value is read. */
export interface PushedClaim {
  readonly claim: SessionClaim<unknown>;
  /** Undefined: the claim is not in every token, so it is taken out and fetched again when it is needed. */
  readonly valueIn: ((authorization: Authorization) => unknown) | undefined;
}

const USERS_AT_ONCE = 100;
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

  /** After a change of one user's roles in one tenant, or (undefined) in all. */
  async ofUser(
    tenantId: string | undefined,
    userId: string,
    options: PropagateOptions,
    userContext: UserContext,
  ): Promise<Propagated> {
    return this.#run(options, userContext, async (push) => {
      await push(tenantId, userId);
    });
  }

  /** Who is concerned by a change of a role; asked before a role is deleted, since afterwards nobody has it. */
  async usersWith(role: string, options: PropagateOptions): Promise<{ tenantId: string; userId: string }[]> {
    if (!this.#isWanted(options)) return [];
    const users: { tenantId: string; userId: string }[] = [];
    for (const tenantId of await this.roles().listTenantsWithRole(role)) {
      for await (const userId of this.#affected(tenantId, role)) {
        users.push({ tenantId, userId });
        if (users.length > this.maxSessions) return users;
      }
    }
    return users;
  }

  /** After a change of a role's permissions or parents. */
  async ofUsers(
    users: readonly { tenantId: string; userId: string }[],
    options: PropagateOptions,
    userContext: UserContext,
  ): Promise<Propagated> {
    return this.#run(options, userContext, async (push) => {
      for (const { tenantId, userId } of users) {
        if (!(await push(tenantId, userId))) return;
      }
    });
  }

  async *#affected(tenantId: string, role: string): AsyncGenerator<string> {
    let after: string | undefined;
    for (;;) {
      const page = await this.roles().listAffectedUsers(tenantId, role, { after, limit: USERS_AT_ONCE });
      yield* page;
      after = page.at(-1);
      if (page.length < USERS_AT_ONCE) return;
    }
  }

  #isWanted(options: PropagateOptions): boolean {
    if (this.#hosts.length === 0) return false;
    return options.revokeSessions === true || (this.isPushing && options.propagate !== false);
  }

  /** The change itself is in the store by now: whatever goes wrong here is reported, not thrown. */
  async #run(
    options: PropagateOptions,
    userContext: UserContext,
    body: (push: (tenantId: string | undefined, userId: string) => Promise<boolean>) => Promise<void>,
  ): Promise<Propagated> {
    const result: Propagated = { propagated: true, updatedSessions: 0 };
    if (!this.#isWanted(options)) return { propagated: false, updatedSessions: 0 };
    try {
      await body(async (tenantId, userId) => {
        for (const host of this.#hosts) {
          if (result.updatedSessions >= this.maxSessions) result.propagated = false;
          else if (options.revokeSessions) await this.#revoke(host, tenantId, userId, result, userContext);
          else await this.#push(host, tenantId, userId, result, userContext);
        }
        const { updatedSessions } = result;
        callAside(
          () => options.onProgress?.({ updatedSessions }),
          () => {},
        );
        return result.propagated;
      });
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

  async #revoke(
    { functions }: PluginHost,
    tenantId: string | undefined,
    userId: string,
    result: Propagated,
    userContext: UserContext,
  ): Promise<void> {
    result.updatedSessions += (
      await functions.revokeAllSessionsForUser({ userId, tenantId, userContext })
    ).length;
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
