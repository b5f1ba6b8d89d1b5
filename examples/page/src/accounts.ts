import type { JsonValue, SessionContainer, SessionInformation } from "@acme/session-core";
import type { UserRoles } from "@acme/session-core/user-roles";
import { fieldOf } from "./field-of.ts";

/** What of a session instance the routes below need; the same whatever its framework. */
export interface SessionsOfUsers {
  getAllSessionHandlesForUser(userId: string): Promise<string[]>;
  getSessionInformation(sessionHandle: string): Promise<SessionInformation | undefined>;
  revokeSession(sessionHandle: string): Promise<boolean>;
  createNewSessionWithoutRequestResponse(
    userId: string,
    accessTokenPayload: Record<string, JsonValue>,
    sessionData: Record<string, JsonValue>,
  ): Promise<unknown>;
}

/** One line of the page's list. */
export interface ListedSession {
  sessionHandle: string;
  device: unknown;
  /** Milliseconds since the epoch. */
  timeCreated: number;
  isThisOne: boolean;
}

/** What the routes do once their framework has found the session: roles, and the sessions of a person. */
export class Accounts {
  readonly #sessions: SessionsOfUsers;
  readonly #roles: UserRoles;

  constructor(sessions: SessionsOfUsers, roles: UserRoles) {
    this.#sessions = sessions;
    this.#roles = roles;
  }

  /** @param body of the request: `{ admin: boolean }` */
  async setAdministrator(session: SessionContainer, body: unknown): Promise<{ roles: unknown }> {
    const person = [session.getTenantId(), session.getUserId()] as const;
    await this.#roles.createNewRoleOrAddPermissions("admin");
    if (fieldOf(body, "admin") === true) await this.#roles.addRoleToUser(...person, "admin");
    else await this.#roles.removeUserRole(...person, "admin");
    await session.fetchAndSetClaim(this.#roles.UserRoleClaim); // in this token at once, in others with their next refresh
    return { roles: await session.getClaimValue(this.#roles.UserRoleClaim) };
  }

  async list(session: SessionContainer): Promise<ListedSession[]> {
    const handles = await this.#sessions.getAllSessionHandlesForUser(session.getUserId());
    const found = await Promise.all(handles.map((handle) => this.#sessions.getSessionInformation(handle)));
    return found
      .filter((information) => information !== undefined)
      .map(({ sessionHandle, sessionData, timeCreated }) => ({
        sessionHandle,
        device: sessionData.device,
        timeCreated,
        isThisOne: sessionHandle === session.getHandle(),
      }));
  }

  /** Signs the same person in on another device. */
  async signInElsewhere(session: SessionContainer): Promise<void> {
    await this.#sessions.createNewSessionWithoutRequestResponse(
      session.getUserId(),
      {},
      { device: "another device" },
    );
  }

  /** Revokes this session or another one of the same person. @param body of the request: `{ sessionHandle }` */
  async revoke(session: SessionContainer, body: unknown): Promise<{ revoked: boolean }> {
    const sessionHandle = fieldOf(body, "sessionHandle");
    if (sessionHandle === session.getHandle()) {
      await session.revokeSession();
      return { revoked: true };
    }
    const own = await this.#sessions.getAllSessionHandlesForUser(session.getUserId());
    const found = own.find((handle) => handle === sessionHandle);
    return { revoked: found !== undefined && (await this.#sessions.revokeSession(found)) };
  }
}
