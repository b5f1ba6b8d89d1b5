import { NodeRequest } from "@acme/session-core/adapter";
import type { FastifyRequestLike } from "./fastify-types.js";

/** Our routes leave the payload where it is. */
export class FastifyRequestView extends NodeRequest<FastifyRequestLike> {
  override get bodySource(): unknown {
    return this.native.raw;
  }
}
