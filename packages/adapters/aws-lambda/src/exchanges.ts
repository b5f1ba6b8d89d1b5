import { Exchange, invalidArgument } from "@acme/session-core/adapter";
import { kindOf } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";
import { LambdaRequest } from "./lambda-request.js";
import { LambdaResponse, type Opener } from "./lambda-response.js";
import type { OneCookie } from "./one-cookie.js";
import type { PathRules } from "./request-path.js";

/** An exchange whose response is a result. */
export type LambdaExchange = Exchange & { readonly res: LambdaResponse };

/** The exchange of each event. Kept beside the events, which may be frozen, and are never written to. */
export class Exchanges {
  readonly #known = new WeakMap<object, LambdaExchange>();

  constructor(
    private readonly rules: PathRules,
    private readonly oneCookie: OneCookie,
  ) {}

  /**
   * @param second what stands where other adapters have the response: the same event
   * @throws SessionError `INVALID_ARGUMENT` for everything that is not an HTTP event
   */
  of(event: LambdaEvent, second: LambdaEvent = event): LambdaExchange {
    const exchange = this.find(event) ?? this.#start(event);
    if (second !== event && this.find(second) !== exchange) {
      throw invalidArgument("the second argument must be the same event as the first, or undefined");
    }
    return exchange;
  }

  find(event: LambdaEvent): LambdaExchange | undefined {
    return typeof event === "object" && event !== null ? this.#known.get(event) : undefined;
  }

  /** Makes another object stand for the same invocation. */
  alias(event: LambdaEvent, exchange: LambdaExchange): void {
    this.#known.set(event, exchange);
  }

  /**
   * For what stands around a handler: the exchange of the wrapper outside of it, or a new one. An event that is used again
   * (tests do) is another invocation.
   *
   * @returns `isOutermost` for the one that has to close the response
   */
  enter(event: LambdaEvent, by: Opener): { exchange: LambdaExchange; isOutermost: boolean } {
    const present = this.find(event);
    // What middy opened and an early response left open is over when middy begins again.
    const isOpen = present !== undefined && present.res.opener !== undefined;
    if (isOpen && !(by === "middy" && present.res.opener === "middy")) {
      return { exchange: present, isOutermost: false };
    }
    const exchange = this.#start(event);
    exchange.res.open(by);
    return { exchange, isOutermost: true };
  }

  #start(event: LambdaEvent): LambdaExchange {
    const kind = typeof event === "object" && event !== null ? kindOf(event) : undefined;
    if (kind === undefined) {
      throw invalidArgument(
        "the argument must be the event of an HTTP request, as API Gateway, a function URL, a load balancer, VPC Lattice or Netlify passes it to your handler",
      );
    }
    const req = new LambdaRequest(event, kind, this.rules);
    const res = new LambdaResponse(event, kind, this.oneCookie);
    const exchange = new Exchange(req, res) as LambdaExchange;
    this.#known.set(event, exchange);
    return exchange;
  }
}
