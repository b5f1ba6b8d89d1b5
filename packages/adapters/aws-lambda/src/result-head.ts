import type { ResponseHead } from "@acme/session-core/adapter";
import type { EventKind } from "./event-kind.js";
import type { LambdaResult, Scalar } from "./lambda-result.js";

const SET_COOKIE = "set-cookie";

/**
 * The head of a result that an application has returned, for headers and cookies to be put where its kind of event has
 * them. Names count in any case, and those that are there keep theirs.
 */
export class ResultHead implements ResponseHead {
  readonly #cookies: string[];

  constructor(
    private readonly result: LambdaResult,
    private readonly kind: EventKind,
  ) {
    if (kind === "alb-multi") this.#moveToMultiValue();
    this.#cookies = this.#takeCookies();
  }

  getHeader(name: string): string | undefined {
    const multi = this.#multiValues(name) ?? [];
    const single = this.#singleName(name);
    const values = single === undefined || multi.length > 0 ? multi : [this.result.headers?.[single]];
    return values.length === 0 ? undefined : values.join(", ");
  }

  setHeader(name: string, value: string): void {
    const multi = nameIn(this.result.multiValueHeaders, name);
    const single = this.#singleName(name);
    if (multi !== undefined || this.kind === "alb-multi") {
      this.result.multiValueHeaders = { ...this.result.multiValueHeaders, [multi ?? name]: [value] };
      if (single !== undefined) delete this.result.headers?.[single];
      return;
    }
    this.result.headers = { ...this.result.headers, [single ?? name]: value };
  }

  appendSetCookie(line: string): void {
    this.#cookies.push(line);
  }

  /** The application's cookies, then ours; empty before `writeCookies` only when there are none. */
  get cookies(): readonly string[] {
    return this.#cookies;
  }

  /** Puts these lines, and no others, where this kind of event has them. */
  writeCookies(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const { result } = this;
    switch (this.kind) {
      case "http-2.0":
        result.cookies = [...lines];
        return;
      case "lattice":
        // The one header whose value is a list there; `@types/aws-lambda` has no such type.
        result.headers = { ...result.headers, [SET_COOKIE]: [...lines] as unknown as string };
        return;
      case "alb-single":
        result.headers = { ...result.headers, "Set-Cookie": lines.at(-1) ?? "" };
        return;
      default:
        result.multiValueHeaders = { ...result.multiValueHeaders, "Set-Cookie": [...lines] };
    }
  }

  /** The lines wherever the application has put them, in the order they are sent. */
  #takeCookies(): string[] {
    const taken: string[] = [];
    for (const headers of [this.result.headers, this.result.multiValueHeaders]) {
      for (const name of Object.keys(headers ?? {})) {
        if (headers === undefined || name.toLowerCase() !== SET_COOKIE) continue;
        const value = headers[name];
        taken.push(...[value ?? []].flat().map(String));
        delete headers[name];
      }
    }
    if (this.kind === "http-2.0") taken.unshift(...(this.result.cookies ?? []));
    return taken;
  }

  /** A load balancer with multi-value headers looks at nothing else. */
  #moveToMultiValue(): void {
    const { headers, ...rest } = this.result;
    if (headers === undefined) return;
    const multi: { [name: string]: Scalar[] } = { ...rest.multiValueHeaders };
    for (const [name, value] of Object.entries(headers)) {
      const present = nameIn(multi, name);
      if (present === undefined) multi[name] = [value];
      else if (name.toLowerCase() === SET_COOKIE) multi[present] = [...(multi[present] ?? []), value];
    }
    delete this.result.headers;
    this.result.multiValueHeaders = multi;
  }

  #singleName(name: string): string | undefined {
    return nameIn(this.result.headers, name);
  }

  #multiValues(name: string): readonly Scalar[] | undefined {
    const { multiValueHeaders } = this.result;
    const present = nameIn(multiValueHeaders, name);
    return present === undefined ? undefined : multiValueHeaders?.[present];
  }
}

function nameIn(headers: object | undefined, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.keys(headers ?? {}).find((present) => present.toLowerCase() === wanted);
}
