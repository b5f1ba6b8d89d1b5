import { LateNodeResponse, type ResponseBody } from "@acme/session-core/adapter";
import type { HapiRequestLike, HapiResponseLike, ToolkitLike } from "./hapi-types.js";

/**
 * Collects what is told to the client until the head is written: hapi's response may be replaced until then, by any
 * extension. Cookies never go through `h.state`, which keeps one per name and drops them all on a 500.
 */
export class HapiResponse extends LateNodeResponse<ToolkitLike> {
  #finished: HapiResponseLike | undefined;

  constructor(
    { raw }: HapiRequestLike,
    readonly native: ToolkitLike,
  ) {
    super(raw.res);
  }

  /** The response that `finish` made; a lifecycle method has to return it. */
  get finished(): HapiResponseLike | undefined {
    return this.#finished;
  }

  finish(body: ResponseBody | null): HapiResponseLike | undefined {
    if (this.committed) return undefined;
    const response = body === null ? this.native.response() : this.native.response(body.text);
    response.code(this.status ?? 200);
    if (body !== null) response.type(body.contentType);
    this.#finished = response;
    return response;
  }
}
