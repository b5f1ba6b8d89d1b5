import { BaseRequest } from "./base-request.js";
import type { ResponseBody } from "./base-response.js";
import { BufferedResponse } from "./buffered-response.js";

/** A Fetch `Request` as seen by the engine: nothing is copied, and the body is never touched. */
export class WebRequest extends BaseRequest<Request> {
  constructor(readonly native: Request) {
    super();
  }

  get method(): string {
    return this.native.method;
  }

  get url(): string {
    return this.native.url;
  }

  header(lowerCaseName: string): string | undefined {
    return this.native.headers.get(lowerCaseName) ?? undefined;
  }
}

/**
 * A Fetch `Response` that does not exist yet. What the engine writes is collected; `onto` puts it on the application's
 * response, `finish` makes one of our own.
 */
export class WebResponse extends BufferedResponse<undefined> {
  readonly native = undefined;
  readonly #request: Request | undefined;
  #isCommitted = false;

  /** @param request whose client may go away, where the host tells by its `signal` */
  constructor(request?: Request | undefined) {
    super();
    this.#request = request;
  }

  override get isAbandoned(): boolean {
    return this.#request?.signal?.aborted === true;
  }

  get committed(): boolean {
    return this.#isCommitted;
  }

  /** From here on the head is out of reach: nothing more can be delivered. */
  commit(): void {
    this.#isCommitted = true;
  }

  /**
   * The application's response with ours on it: a new one around its body wherever there is something to write, since the
   * application may answer the next visitor with the same object. What cannot be rebuilt (a WebSocket's 101,
   * `Response.error()`, an opaque one) goes out as it is; no client could read headers of it either.
   */
  onto(response: Response): Response {
    this.#isCommitted = true;
    if (this.isEmpty || response.status < 200) return response;
    const ours = new Response(response.body, response);
    this.applyTo(headOf(ours.headers));
    return ours;
  }

  /** @returns a `Response` of our own */
  finish(body: ResponseBody | null): Response {
    this.#isCommitted = true;
    const headers = new Headers(body === null ? {} : { "content-type": body.contentType });
    this.applyTo(headOf(headers));
    return new Response(body === null ? null : body.text, { status: this.status ?? 200, headers });
  }
}

function headOf(headers: Headers) {
  return {
    getHeader: (name: string) => headers.get(name) ?? undefined,
    setHeader: (name: string, value: string) => headers.set(name, value),
    appendSetCookie: (line: string) => headers.append("set-cookie", line),
  };
}
