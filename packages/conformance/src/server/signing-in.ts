import { type Clock, type SessionOptions, silentLogger } from "@acme/session-core";
import {
  type BoundSession,
  bindSession,
  Exchange,
  WebRequest,
  WebResponse,
} from "@acme/session-core/adapter";
import type { SessionStore } from "@acme/session-core/store";
import { createUserRoles } from "@acme/session-core/user-roles";

const API = "https://api.example.com";

/** The real time, and however much later it is made. */
export class LaterClock implements Clock {
  #laterMs = 0;

  wallMs(): number {
    return Date.now() + this.#laterMs;
  }

  monoMs(): number {
    return performance.now() + this.#laterMs;
  }

  advanceMs(ms: number): void {
    this.#laterMs += ms;
  }
}

/** What a login has handed out. */
export interface SignedIn {
  readonly handle: string;
  readonly accessToken: string;
  readonly roles: unknown;
}

/** Core on a store, as one process of an application has it: with roles, in the cookie mode. */
export function signingIn(
  store: SessionStore,
  clock: Clock = new LaterClock(),
  options: Pick<SessionOptions, "refreshGracePeriodSeconds" | "onEvent"> = {},
) {
  const roles = createUserRoles();
  const { session }: { session: BoundSession<Request, WebResponse> } = bindSession<Request, WebResponse>(
    {
      appInfo: { appName: "joined", apiDomain: API, websiteDomain: "https://example.com" },
      store,
      clock,
      logger: silentLogger,
      ...options,
      plugins: store.roles === undefined ? [] : [roles],
    },
    (request, response) => new Exchange(new WebRequest(request), response),
  );
  return {
    roles: store.roles === undefined ? undefined : roles,
    /** @param previous the login that this browser carries, which this one replaces */
    async login(userId: string, previous?: SignedIn): Promise<SignedIn> {
      const headers = new Headers({ "st-auth-mode": "cookie" });
      if (previous !== undefined) headers.set("cookie", `sAccessToken=${previous.accessToken}`);
      const request = new Request(`${API}/login`, { method: "POST", headers });
      const container = await session.createNewSession(request, new WebResponse(), userId);
      return {
        handle: container.getHandle(),
        accessToken: container.getAccessToken(),
        roles: (container.getAccessTokenPayload() as { "st-role"?: { v?: unknown } })["st-role"]?.v,
      };
    },
    /** Whether the token is good here, and its session there. */
    async knows({ accessToken }: SignedIn): Promise<boolean> {
      return session
        .getSessionWithoutRequestResponse(accessToken, undefined, { checkDatabase: true })
        .then((found) => found !== undefined)
        .catch(() => false);
    },
    session,
    close: () => session.close(),
  };
}

export type SigningIn = ReturnType<typeof signingIn>;
