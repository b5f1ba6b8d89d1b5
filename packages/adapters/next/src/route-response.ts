import { SessionError } from "@acme/session-core";
import { type ResponseBody, WebResponse } from "@acme/session-core/adapter";

const FOR_EVERYBODY =
  'under `dynamic = "force-static"` Next shows nothing of the request, and may answer everybody with the same response; take it out of this route';

/**
 * Collects what must be told to the client until a route handler has returned its response. A request that no wrapper
 * of ours holds has nobody who would put anything on its response: there, sessions are only read. So they are where the
 * response is kept for everybody: nothing of ours ever goes on that one.
 */
export class RouteResponse extends WebResponse {
  #isHeld = false;
  #isForEverybody = false;

  /** A wrapper will call `onto` or `finish`. */
  hold(isForEverybody: boolean): void {
    this.#isHeld = true;
    this.#isForEverybody = isForEverybody;
  }

  override get isReadOnly(): boolean {
    return !this.#isHeld || this.#isForEverybody;
  }

  override get readOnlyReason(): string {
    return this.#isForEverybody
      ? FOR_EVERYBODY
      : "nothing would put cookies on your response; wrap the route handler: export const POST = Session.route(handler)";
  }

  /** @throws SessionError `READ_ONLY_CONTEXT` when something would go on a response for everybody */
  override onto(response: Response): Response {
    this.#assertForOne();
    return super.onto(response);
  }

  /** @throws SessionError `READ_ONLY_CONTEXT` when something would go on a response for everybody */
  override finish(body: ResponseBody | null): Response {
    this.#assertForOne();
    return super.finish(body);
  }

  #assertForOne(): void {
    if (!this.#isForEverybody || this.isEmpty) return;
    throw new SessionError({
      type: "READ_ONLY_CONTEXT",
      message: `this response has headers or cookies for one visitor: ${FOR_EVERYBODY}`,
    });
  }
}
