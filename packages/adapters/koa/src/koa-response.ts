import { BufferedResponse, NodeResponse, type ResponseBody } from "@acme/session-core/adapter";
import type { KoaContext } from "./koa-types.js";
import { headOf } from "./response-head.js";

/** Node's response, written to beside what is remembered. */
class Through extends NodeResponse {
  override replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    super.replaceSetCookie(drop, line);
  }
}

/**
 * Writes to the response at once and remembers what it wrote: Koa wipes every header when an error comes to its last
 * resort, and copies those of a Fetch `Response` over ours. Cookies never go through `ctx.cookies`, which refuses
 * Secure ones behind a TLS proxy and signs behind our back.
 */
export class KoaResponse extends BufferedResponse<KoaContext> {
  readonly #through: Through;
  #isAwaitingHead = false;

  constructor(readonly native: KoaContext) {
    super();
    this.#through = new Through(native.res);
  }

  get committed(): boolean {
    return this.#through.committed;
  }

  override get isAbandoned(): boolean {
    return this.#through.isAbandoned;
  }

  override setStatus(code: number): void {
    super.setStatus(code);
    if (!this.committed) this.native.status = code;
  }

  override setHeader(name: string, value: string): void {
    super.setHeader(name, value);
    this.#through.setHeader(name, value);
  }

  override removeHeader(name: string): void {
    super.removeHeader(name);
    this.#through.removeHeader(name);
  }

  /** What the application has set counts as well. */
  override getHeader(name: string): string | undefined {
    return this.#through.getHeader(name);
  }

  protected override replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    super.replaceSetCookie(drop, line);
    this.#through.replaceSetCookie(drop, line);
  }

  finish(body: ResponseBody | null): undefined {
    if (this.committed) return undefined;
    const { native } = this;
    const { status } = native;
    if (native.respond === false) return this.#through.finish(body);
    native.body = body === null ? "" : body.text;
    native.status = status;
    if (body !== null) native.res.setHeader("Content-Type", body.contentType);
    return undefined;
  }

  /** Puts back what has been overwritten since. Nothing is forgotten unless the head is out. */
  restore(): void {
    if (this.isEmpty || this.committed) return;
    this.applyTo(headOf(this.native));
  }

  /** Puts everything back as the head is written, for whoever wipes it until then. */
  restoreWithHead(): void {
    if (this.#isAwaitingHead || this.isEmpty || this.committed) return;
    this.#isAwaitingHead = true;
    const carrier = this.native.res as { writeHead?: (this: unknown, ...args: unknown[]) => unknown };
    const { writeHead } = carrier;
    if (writeHead === undefined) return;
    const restore = () => this.restore();
    carrier.writeHead = function (...args) {
      restore();
      return writeHead.apply(this, args);
    };
  }
}
