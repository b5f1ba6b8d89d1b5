import type { BaseRequest } from "./base-request.js";
import type { BaseResponse } from "./base-response.js";

const SLOT = Symbol.for("acme.session.exchange");

/**
 * One request with its response, and what each session instance remembers about it. All wrappers of one exchange
 * share it, so that a token is verified once however often the session is asked for.
 */
export class Exchange {
  #owner: object | undefined;
  #memo: unknown;
  #others: Map<object, unknown> | undefined;

  constructor(
    readonly req: BaseRequest,
    readonly res: BaseResponse,
  ) {}

  /**
   * What `owner` remembers about this exchange; made on first use. Two instances never see each other's.
   *
   * @param create given both, so that it need not be a new function for each request
   */
  memoFor<O extends object, T>(owner: O, create: (owner: O, exchange: Exchange) => T): T {
    if (this.#owner === owner) return this.#memo as T;
    if (this.#owner === undefined) {
      this.#owner = owner;
      this.#memo = create(owner, this);
      return this.#memo as T;
    }
    this.#others ??= new Map();
    let memo = this.#others.get(owner);
    if (memo === undefined) {
      memo = create(owner, this);
      this.#others.set(owner, memo);
    }
    return memo as T;
  }
}

interface Carrier {
  [SLOT]?: Exchange;
}

/**
 * The exchange of a native object, made on first use and kept on the object itself under a symbol, so that every
 * wrapper (guard, parameter decorator, handler) finds the same one.
 */
export function exchangeOn(identity: object, create: () => Exchange): Exchange {
  const carrier = identity as Carrier;
  const present = carrier[SLOT];
  if (present !== undefined) return present;
  const exchange = create();
  // Assigned, not defined: a property that cannot be enumerated makes every later look at the request a slow one.
  carrier[SLOT] = exchange;
  return exchange;
}

/** The exchange that `exchangeOn` made for this object, if it has. */
export function findExchange(identity: object): Exchange | undefined {
  return (identity as Carrier)[SLOT];
}
