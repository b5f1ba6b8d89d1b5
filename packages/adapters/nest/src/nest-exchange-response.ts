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
  #hasInsisted = false;

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

  /** The client gets this status, whoever writes the head, and whatever that says. */
  insistOnStatus(status: number): void {
    if (this.#hasInsisted) return;
    this.#hasInsisted = true;
    const carrier = this.#raw as { writeHead?: (...args: unknown[]) => unknown };
    const { writeHead } = carrier;
    if (writeHead === undefined) return;
    carrier.writeHead = function (_status, ...rest) {
      return writeHead.call(this, status, ...(typeof rest[0] === "string" ? rest.slice(1) : rest));
    };
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
