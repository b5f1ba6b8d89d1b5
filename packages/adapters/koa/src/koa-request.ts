import { NodeRequest } from "@acme/session-core/adapter";
import type { KoaContext } from "./koa-types.js";

/** On a context, `body` is that of the response. */
export class KoaRequest extends NodeRequest<KoaContext> {
  /** What a body parser has left, else Node's own request. */
  override get bodySource(): unknown {
    const { request } = this.native as { request?: { body?: unknown } };
    return request?.body === undefined ? this.native.req : request;
  }
}
