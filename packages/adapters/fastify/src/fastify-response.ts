import { BaseResponse, type ResponseBody } from "@acme/session-core/adapter";
import type { FastifyReplyLike } from "./fastify-types.js";

/**
 * Writes through the reply, whose headers last until the head is sent, on errors too. `reply.header` appends cookies,
 * so they are taken out and put back as a whole.
 */
export class FastifyResponse extends BaseResponse<FastifyReplyLike> {
  /** Until an async `onSend` is through, `reply.sent` does not tell that we have answered. */
  #hasAnswered = false;
  #capture: ((body: ResponseBody | null) => void) | undefined;

  constructor(readonly native: FastifyReplyLike) {
    super();
  }

  get committed(): boolean {
    return this.#hasAnswered || this.native.sent || this.native.raw.headersSent;
  }

  override get isAbandoned(): boolean {
    return this.native.raw.destroyed === true;
  }

  setStatus(code: number): void {
    if (!this.committed) this.native.code(code);
  }

  setHeader(name: string, value: string): void {
    if (!this.committed) this.native.header(name, value);
  }

  removeHeader(name: string): void {
    if (!this.committed) this.native.removeHeader(name);
  }

  getHeader(name: string): string | undefined {
    const value = this.native.getHeader(name);
    return Array.isArray(value) ? value.join(", ") : value === undefined ? undefined : String(value);
  }

  protected replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    if (this.committed) return;
    const present = this.native.getHeader("set-cookie");
    const lines = Array.isArray(present) ? present : present === undefined ? [] : [String(present)];
    const kept = lines.filter((other) => !drop(other));
    if (line !== undefined) kept.push(line);
    this.native.removeHeader("set-cookie");
    if (kept.length > 0) this.native.header("set-cookie", kept);
  }

  /**
   * Sends text as it stands: a response schema of the route would take members away. Gives nothing back: a reply is a
   * thenable, and who awaits it waits for the end of the response.
   */
  finish(body: ResponseBody | null): undefined {
    if (this.committed) return undefined;
    if (body !== null) this.native.header("content-type", body.contentType);
    if (this.#capture !== undefined) {
      this.#capture(body);
      return undefined;
    }
    this.#hasAnswered = true;
    if (body === null) this.native.send();
    else {
      this.native.serializer((text: string) => text);
      this.native.send(body.text);
    }
    return undefined;
  }

  /**
   * What `answer` would send, without sending it: for the moment when Fastify is already sending something else.
   *
   * @returns undefined when it sent nothing
   */
  async captured(answer: () => Promise<unknown>): Promise<string | undefined> {
    let text: string | undefined;
    this.#capture = (body) => {
      text = body?.text ?? "";
    };
    try {
      await answer();
    } finally {
      this.#capture = undefined;
    }
    return text;
  }
}
