import { BaseRequest } from "@acme/session-core/adapter";
import type { HapiRequestLike } from "./hapi-types.js";

/** Reads Node's own request: neither a rewritten URL nor hapi's cookie parser, which refuses whole requests, matter. */
export class HapiRequest extends BaseRequest<HapiRequestLike> {
  constructor(readonly native: HapiRequestLike) {
    super();
  }

  /** Our routes leave the payload unparsed. */
  override get bodySource(): unknown {
    return this.native.raw.req;
  }

  get method(): string {
    return this.native.raw.req.method ?? "GET";
  }

  get url(): string {
    return this.native.raw.req.url ?? "/";
  }

  header(lowerCaseName: string): string | undefined {
    const value = this.native.raw.req.headers[lowerCaseName];
    return typeof value === "object" ? value.join(lowerCaseName === "cookie" ? "; " : ", ") : value;
  }
}
