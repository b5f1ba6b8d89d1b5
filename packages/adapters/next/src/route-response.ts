import { WebResponse } from "@acme/session-core/adapter";

/**
 * Collects what must be told to the client until a route handler has returned its response. A request that no wrapper
 * of ours holds has nobody who would put anything on its response: there, sessions are only read.
 */
export class RouteResponse extends WebResponse {
  #isHeld = false;

  /** A wrapper will call `onto` or `finish`. */
  hold(): void {
    this.#isHeld = true;
  }

  override get isReadOnly(): boolean {
    return !this.#isHeld;
  }

  override get readOnlyReason(): string {
    return "nothing would put cookies on your response; wrap the route handler: export const POST = Session.route(handler)";
  }
}
