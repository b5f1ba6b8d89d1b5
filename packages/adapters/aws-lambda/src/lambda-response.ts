import { BufferedResponse, type ResponseBody } from "@acme/session-core/adapter";
import type { EventKind } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";
import { contentType, type LambdaResult, structuredResult } from "./lambda-result.js";
import type { OneCookie } from "./one-cookie.js";
import { ResultHead } from "./result-head.js";

/** What stands around a handler and will put our headers on its result. */
export type Opener = "wrapper" | "middy";

/**
 * The result of an invocation, which does not exist before the handler has returned: what must be told to the client is
 * collected until then. Where nobody stands around the handler it could never be delivered, so nothing is promised.
 */
export class LambdaResponse extends BufferedResponse<LambdaEvent> {
  #opener: Opener | undefined;
  #wasOpened = false;
  #finished: LambdaResult | undefined;

  constructor(
    readonly native: LambdaEvent,
    readonly kind: EventKind,
    private readonly oneCookie: OneCookie,
  ) {
    super();
  }

  get opener(): Opener | undefined {
    return this.#opener;
  }

  get committed(): boolean {
    return this.#opener === undefined;
  }

  /** Nobody stands around the handler: a session can be looked at, and that is all. */
  override get isReadOnly(): boolean {
    return !this.#wasOpened;
  }

  override get readOnlyReason(): string {
    return "nothing would put the cookies on your result; export the handler through Session.middleware(handler), and pass on the event that it was called with";
  }

  open(by: Opener): void {
    this.#wasOpened = true;
    this.#opener = by;
  }

  /** The result is on its way. */
  close(): void {
    this.#opener = undefined;
  }

  /** What `finish` has made since it was last asked for. */
  takeFinished(): LambdaResult | undefined {
    const finished = this.#finished;
    this.#finished = undefined;
    return finished;
  }

  finish(body: ResponseBody | null): LambdaResult | undefined {
    if (this.committed) return undefined;
    this.#finished = {
      statusCode: this.status ?? 200,
      ...(body === null ? {} : contentType(body.contentType, this.kind)),
      body: body?.text ?? "",
      isBase64Encoded: false,
    };
    return this.#finished;
  }

  /** A handler's result, in full, with our headers and cookies on it; the handler's own value is not written to. */
  onto(value: unknown): LambdaResult {
    const result = structuredResult(value, this.kind);
    const head = new ResultHead(result, this.kind);
    const applications = head.cookies.length;
    this.applyTo(head);
    const isFull = this.kind === "alb-single" && head.cookies.length > 1;
    head.writeCookies(isFull ? [this.oneCookie.choose(head.cookies, applications)] : head.cookies);
    return result;
  }
}
