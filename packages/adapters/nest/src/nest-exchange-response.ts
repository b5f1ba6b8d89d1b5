import { LateNodeResponse, type NodeServerResponse, type ResponseBody } from "@acme/session-core/adapter";
import type { FastifyReplyLike, NestResponse } from "./nest-types.js";

/**
 * Node's response below either platform. What is told to the client is written with its head; a body goes through the
 * Fastify reply once one was seen, so that Fastify's hooks and the application's headers count.
 */
export class NestExchangeResponse extends LateNodeResponse<NestResponse> {
  readonly #raw: NodeServerResponse;
  #reply: FastifyReplyLike | undefined;
  /** Until an async `onSend` is through, `reply.sent` does not tell that we have answered. */
  #hasAnswered = false;

  constructor(raw: NodeServerResponse) {
    super(raw);
    this.#raw = raw;
  }

  get native(): NestResponse {
    return this.#reply ?? this.#raw;
  }

  /** A later stage of the same request has seen the reply. */
  sawReply(reply: FastifyReplyLike): void {
    this.#reply = reply;
  }

  override get committed(): boolean {
    return super.committed || this.#hasAnswered || this.#reply?.sent === true;
  }

  finish(body: ResponseBody | null): undefined {
    if (this.committed) return undefined;
    const status = this.status ?? 200;
    this.#hasAnswered = true;
    if (this.#reply !== undefined) sendThrough(this.#reply, status, body);
    else sendRaw(this.#raw, status, body);
    return undefined;
  }
}

/** As text that stands: a response schema of the route would take members away. */
function sendThrough(reply: FastifyReplyLike, status: number, body: ResponseBody | null): void {
  reply.code(status);
  if (body === null) {
    reply.send();
    return;
  }
  reply.header("content-type", body.contentType);
  reply.serializer((text: string) => text);
  reply.send(body.text);
}

function sendRaw(raw: NodeServerResponse, status: number, body: ResponseBody | null): void {
  raw.statusCode = status;
  if (body === null) {
    raw.end();
    return;
  }
  raw.setHeader("content-type", body.contentType);
  raw.end(body.text);
}
