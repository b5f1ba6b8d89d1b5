import type { RequestListener } from "node:http";
import type {
  ExpressSession,
  JsonObject,
  SessionContainer,
  SessionOptions,
  VerifySessionOptions,
} from "@acme/session-express";

/** What the tests ask of an instance itself; every adapter's has it. */
export type SiteSession = Pick<
  ExpressSession,
  | "close"
  | "createNewSessionWithoutRequestResponse"
  | "getAllCORSHeaders"
  | "getJWKS"
  | "getSessionInformation"
  | "mergeIntoAccessTokenPayload"
  | "revokeSession"
>;

/** One call of a route, its framework left out. */
export interface Call {
  /** The parsed body; empty when there was none. */
  body: JsonObject;
  headers: Record<string, unknown>;
  /** The session that the guard found. */
  guarded: SessionContainer | undefined;
  getSession(): Promise<SessionContainer>;
  createNewSession(userId: string, payload?: JsonObject): Promise<unknown>;
}

/** What a route answers. Default 200; a string is sent as text, an object as JSON, nothing as no body at all. */
export interface Reply {
  status?: 401 | 403;
  body?: string | object;
}

export interface Route {
  method: "get" | "post";
  path: string;
  /** Options of the guard before it; without them there is none. */
  guard?: VerifySessionOptions;
  handle(call: Call): Reply | Promise<Reply>;
}

export interface Mounted {
  session: SiteSession;
  listener: RequestListener;
}

/** How an application of a framework makes its instance and mounts our middleware, its guards and its routes. */
export interface Framework {
  name: string;
  mount(
    options: SessionOptions,
    routesOf: (session: SiteSession) => readonly Route[],
  ): Mounted | Promise<Mounted>;
}
