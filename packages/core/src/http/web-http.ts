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
  #isCommitted = false;

  get committed(): boolean {
    return this.#isCommitted;
  }

  /** From here on the head is out of reach: nothing more can be delivered. */
  commit(): void {
    this.#isCommitted = true;
  }

  /** The application's response with ours on it. An immutable one (a redirect, a fetched one) is rebuilt around its body. */
  onto(response: Response): Response {
    this.#isCommitted = true;
    if (this.isEmpty || response.status === 101) return response;
    const mutable = isMutable(response) ? response : new Response(response.body, response);
    this.applyTo(headOf(mutable.headers));
    return mutable;
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

/** Whether headers can be written: redirects and fetched responses throw, on every runtime, on the first attempt. */
function isMutable(response: Response): boolean {
  const probe = "x-acme-session-probe";
  try {
    response.headers.set(probe, "");
    response.headers.delete(probe);
    return true;
  } catch {
    return false;
  }
}
