import { requestPath } from "../config/normalise-path.js";
import { SessionError } from "../errors/session-error.js";
import type { Handled } from "../flows/endpoints.js";
import type { SessionCore } from "../flows/session-core.js";
import type { Exchange } from "../http/exchange.js";
import { chain, type Maybe } from "../runtime/maybe.js";
import { nameOfError, printable } from "../runtime/printable.js";
import { SessionContainer } from "../session/session-container.js";
import type { VerifySessionOptions } from "../session/types.js";

const MAX_MESSAGE_LENGTH = 300;

/** What is traced of an adapter's functions. */
interface Traceable {
  isEndpoint(exchange: Exchange): boolean;
  handleEndpoint(exchange: Exchange): Promise<Handled | undefined>;
  verifySession(exchange: Exchange, options?: VerifySessionOptions): Maybe<SessionContainer | undefined>;
  answerError(exchange: Exchange, error: unknown): Promise<Handled | undefined>;
}

/** Functions that begin with the framework's request and response. */
const OF_A_REQUEST = new Set(["createNewSession", "getSession", "refreshSession"]);

/**
 * Says what is asked and what comes of it, a line each (option `debug`). Stands around the functions that an application
 * and an adapter call, and is not there at all otherwise. No line holds a token, a payload or a user id.
 */
export class DebugTrace {
  constructor(
    private readonly core: SessionCore,
    private readonly trace: (line: string) => void,
    private readonly wrap: (req: unknown, res: unknown) => Exchange,
  ) {}

  /** An adapter's functions, traced. */
  adapter<A extends Traceable>(inner: A): A {
    const traced: Traceable = {
      isEndpoint: inner.isEndpoint,
      verifySession: (exchange, options) =>
        this.#said(`guard ${nameOf(exchange)}`, exchange, () => inner.verifySession(exchange, options)),
      handleEndpoint: (exchange) =>
        inner.isEndpoint(exchange)
          ? this.#promised(`endpoint ${nameOf(exchange)}`, exchange, () => inner.handleEndpoint(exchange))
          : inner.handleEndpoint(exchange),
      answerError: (exchange, error) =>
        this.#promised(`answer to ${describeError(error)}`, exchange, () =>
          inner.answerError(exchange, error),
        ),
    };
    return Object.assign({}, inner, traced);
  }

  /** An application's functions, traced, in place. */
  functions(session: object): void {
    for (const [name, member] of Object.entries(session)) {
      if (
        typeof member !== "function" ||
        name === "Error" ||
        /^get(All|Request)\w*(Headers|Context)$/.test(name)
      )
        continue;
      const call = member as (...given: unknown[]) => Promise<unknown>;
      const traced = (...given: unknown[]): Promise<unknown> => {
        const exchange = OF_A_REQUEST.has(name) ? this.#exchangeOf(given) : undefined;
        const what = exchange === undefined ? name : `${name} ${nameOf(exchange)}`;
        return this.#promised(what, exchange, () => Reflect.apply(call, session, given));
      };
      Object.assign(session, { [name]: traced });
    }
  }

  /** What is no request is the function's own to refuse. */
  #exchangeOf([req, res]: readonly unknown[]): Exchange | undefined {
    try {
      return this.wrap(req, res);
    } catch {
      return undefined;
    }
  }

  async #promised<T>(what: string, exchange: Exchange | undefined, run: () => Promise<T>): Promise<T> {
    return this.#said(what, exchange, run);
  }

  #said<T>(what: string, exchange: Exchange | undefined, run: () => Maybe<T>): Maybe<T> {
    if (exchange !== undefined) this.#say(() => `${what}: asked, ${carriedBy(this.core, exchange)}`);
    const failed = (error: unknown): never => {
      this.#say(() => `${what}: ${describeError(error)}`);
      throw error;
    };
    const came = (result: T): Maybe<T> =>
      chain(this.#outcomeOf(result), (outcome) => {
        this.#say(() => `${what}: ${outcome}${toldTo(exchange)}`);
        return result;
      });
    let result: Maybe<T>;
    try {
      result = run();
    } catch (error) {
      return failed(error);
    }
    return result instanceof Promise ? result.then(came, failed) : came(result);
  }

  /** Looking must change nothing: what a view of a request or a response throws is kept here. */
  #say(line: () => string): void {
    try {
      this.trace(line());
    } catch {
      this.trace("a line could not be made");
    }
  }

  /** A session by the first 8 hex digits of its handle's SHA-256, as in events. */
  #outcomeOf(result: unknown): Maybe<string> {
    if (result instanceof SessionContainer) {
      return chain(
        this.core.engine.platform.sha256Hex(result.getHandle()),
        (hash) => `session ${hash.slice(0, 8)}`,
      );
    }
    if (result === undefined) return "nothing";
    if (Array.isArray(result)) return `${result.length} found`;
    return typeof result === "object" ? "done" : String(result);
  }
}

function nameOf({ req }: Exchange): string {
  return `${printable(req.method, 10)} ${printable(requestPath(req.url), 200)}`;
}

/** Which credentials a request brings, by name: never their values. */
function carriedBy(core: SessionCore, { req }: Exchange): string {
  const { accessCookieName, refreshCookieName } = core.config;
  const cookies = [accessCookieName, refreshCookieName]
    .map((name) => ({ name, count: req.cookieValues(name).length }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => (count === 1 ? name : `${name} ${count} times`));
  const bearer = req.header("authorization") === undefined ? [] : ["authorization"];
  const seen = ["rid", "anti-csrf", "st-auth-mode"].filter((name) => req.header(name) !== undefined);
  const origin = req.header("origin");
  const from = origin === undefined ? [] : [`origin ${printable(origin, 100)}`];
  const all = [...cookies, ...bearer, ...seen, ...from];
  return `carries ${all.length === 0 ? "nothing of ours" : all.join(", ")}`;
}

/** What the response does to the client's tokens so far. */
function toldTo(exchange: Exchange | undefined): string {
  const front = exchange?.res.getHeader("front-token");
  if (front === undefined) return "";
  return front === "remove" ? ", tokens removed" : ", tokens handed out";
}

function describeError(error: unknown): string {
  return SessionError.is(error)
    ? `${error.type}, ${printable(error.message, MAX_MESSAGE_LENGTH)}`
    : `an error that is not ours (${nameOfError(error)})`;
}
