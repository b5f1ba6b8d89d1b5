import type { AdapterCore } from "@acme/session-core/adapter";
import type { Exchanges, LambdaExchange } from "./exchanges.js";
import type { LambdaEvent } from "./lambda-event.js";
import type { LambdaResult } from "./lambda-result.js";

/** What every wrapper does around a handler. Values are results without our headers: `res.onto` puts them on. */
export class Invocations {
  /** By middy's request object. */
  readonly running = new WeakMap<object, LambdaExchange>();

  constructor(
    readonly adapter: AdapterCore,
    readonly exchanges: Exchanges,
  ) {}

  /** Runs a step once; its result gets our headers, its error our answer if it is ours. */
  async around(
    event: LambdaEvent,
    run: (exchange: LambdaExchange) => Promise<unknown>,
  ): Promise<LambdaResult> {
    const { exchange, isOutermost } = this.exchanges.enter(event, "wrapper");
    try {
      return exchange.res.onto(await run(exchange));
    } catch (error) {
      const value = await this.answer(exchange, error);
      if (value === undefined) throw error;
      return exchange.res.onto(value);
    } finally {
      if (isOutermost) exchange.res.close();
    }
  }

  /** Serves one of our endpoints; undefined for every other request. */
  async serve(exchange: LambdaExchange): Promise<unknown> {
    if (!this.adapter.isEndpoint(exchange)) return undefined;
    const handled = await this.adapter.handleEndpoint(exchange);
    return handled && answerValue(exchange, handled.native);
  }

  /** The answer to an error of ours; undefined for any other. */
  async answer(exchange: LambdaExchange, error: unknown): Promise<unknown> {
    const handled = await this.adapter.answerError(exchange, error);
    return handled && answerValue(exchange, handled.native);
  }
}

/** Handlers of the application may finish the response without handing on what that returned. */
function answerValue({ res }: LambdaExchange, native: unknown): unknown {
  return res.takeFinished() ?? native ?? { statusCode: res.status ?? 200, body: "" };
}
