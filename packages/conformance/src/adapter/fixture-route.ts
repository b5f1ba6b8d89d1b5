import type { JsonObject, SessionContainer, VerifySessionOptions } from "@acme/session-core";

/** One request, as the fixture's handlers see it. The harness makes it from its host's own objects. */
export interface FixtureExchange {
  /** The JSON body, as the host's own parser left it; `{}` where the route does not take one. */
  readonly body: unknown;
  readonly query: URLSearchParams;
  /** What the guard left where the adapter documents it; undefined on routes without one. */
  readonly guarded: SessionContainer | undefined;
  /** `Session.getSession` with the host's own objects. */
  getSession(options?: VerifySessionOptions): Promise<SessionContainer | undefined>;
  /** `Session.createNewSession` with the host's own objects. */
  createNewSession(userId: string, payload: JsonObject): Promise<SessionContainer>;
  /** Sets a cookie of the application through the host's own interface. */
  setCookie(name: string, value: string): void;
  /** Sets a header of the application through the host's own interface. */
  setHeader(name: string, value: string): void;
}

/** What the harness sends, in its host's own way. */
export type FixtureReply =
  | { readonly kind: "json"; readonly body: unknown }
  /** 204. */
  | { readonly kind: "empty" }
  /**
   * 204, with an object that the application has made once, for all its routes and all its visitors; frozen where the host
   * takes that. Where answers are no objects, as `empty`.
   */
  | { readonly kind: "shared" }
  /** 302 or 303, as the host does it. */
  | { readonly kind: "redirect"; readonly location: string }
  /** 200 `text/plain`, each piece sent as soon as it is there. */
  | { readonly kind: "stream"; readonly pieces: AsyncIterable<string> };

/** One route of the application that every harness serves. */
export interface FixtureRoute {
  readonly name: string;
  readonly method: "GET" | "POST" | "ALL";
  readonly path: string;
  /** Stands behind the adapter's `verifySession` with these options. */
  readonly guard?: VerifySessionOptions;
  /** Takes a JSON body through the host's own parser, after the guard. */
  readonly takesBody?: true;
  /** What it throws goes to the host as a handler's error does. */
  handle(exchange: FixtureExchange): Promise<FixtureReply>;
}
