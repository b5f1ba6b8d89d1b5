import { BaseRequest } from "@acme/session-core/adapter";
import { contextOf, type EventKind } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";
import { queryStringOf } from "./query-string.js";
import { type PathRules, pathOf } from "./request-path.js";

/** Characters of base64 beyond which a body is too long for our endpoints however it is read. */
const MAX_DECODED = 64 * 1024;

/** An event as seen by the engine. Headers come in any case: one lower-case index is made when the first is asked for. */
export class LambdaRequest extends BaseRequest<LambdaEvent> {
  #headers: ReadonlyMap<string, string> | undefined;
  #url: string | undefined;

  constructor(
    readonly native: LambdaEvent,
    readonly kind: EventKind,
    private readonly rules: PathRules,
  ) {
    super();
  }

  get method(): string {
    const { httpMethod, method } = this.native;
    return (httpMethod ?? contextOf(this.native).http?.method ?? method ?? "GET").toUpperCase();
  }

  get url(): string {
    if (this.#url === undefined) {
      const path = pathOf(this.native, this.kind, this.rules);
      const query = queryStringOf(this.native, this.kind);
      this.#url = query === "" || path.includes("?") ? path : `${path}?${query}`;
    }
    return this.#url;
  }

  header(lowerCaseName: string): string | undefined {
    this.#headers ??= indexOf(this.native);
    return this.#headers.get(lowerCaseName);
  }

  /** Gateways hand binary bodies on in base64, and those they take for binary. */
  override get bodySource(): unknown {
    const { body, isBase64Encoded } = this.native;
    if (typeof body !== "string" || !isBase64Encoded || body.length > MAX_DECODED) return this.native;
    return { body: Buffer.from(body, "base64").toString("utf8") };
  }
}

/** By lower-case name: multi-value headers, then the single ones that have no such twin; `cookies` come first. */
function indexOf(event: LambdaEvent): Map<string, string> {
  const index = new Map<string, string>();
  addTo(index, event.multiValueHeaders, new Set());
  addTo(index, event.headers, new Set(index.keys()));
  if (event.cookies?.length) index.set("cookie", event.cookies.join("; "));
  return index;
}

function addTo(index: Map<string, string>, headers: LambdaEvent["headers"], known: Set<string>): void {
  for (const [anyCase, value] of Object.entries(headers ?? {})) {
    const name = anyCase.toLowerCase();
    if (value === undefined || value === null || known.has(name)) continue;
    const separator = name === "cookie" ? "; " : ", ";
    const text = typeof value === "string" ? value : value.join(separator);
    const present = index.get(name);
    index.set(name, present === undefined ? text : present + separator + text);
  }
}
