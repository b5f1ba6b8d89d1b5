import { type ResponseBody, WebResponse } from "@acme/session-core/adapter";

/**
 * Collects what must be told to the client until there is a response. A host that has mutable headers before that
 * (SvelteKit, Next) hands them in: then everything is written to them, at once and from then on.
 */
export class FetchResponse extends WebResponse {
  #headers: Headers | undefined;
  #isReopened = false;

  /** For a host that throws a response away and runs the application again for the same request, as Astro does for its error pages. */
  reopen(): void {
    this.#isReopened = true;
  }

  override get committed(): boolean {
    return super.committed && !this.#isReopened;
  }

  override onto(response: Response): Response {
    this.#isReopened = false;
    return super.onto(response);
  }

  override finish(body: ResponseBody | null): Response {
    this.#isReopened = false;
    return super.finish(body);
  }

  /** Writes what has been collected to these headers, and everything that follows. */
  writeTo(headers: Headers): void {
    if (this.#headers === headers) return;
    this.#headers = headers;
    this.#flush();
  }

  override setHeader(name: string, value: string): void {
    super.setHeader(name, value);
    this.#flush();
  }

  override removeHeader(name: string): void {
    super.removeHeader(name);
    this.#headers?.delete(name);
  }

  override getHeader(name: string): string | undefined {
    return super.getHeader(name) ?? this.#headers?.get(name) ?? undefined;
  }

  protected override replaceSetCookie(drop: (line: string) => boolean, line?: string): void {
    super.replaceSetCookie(drop, line);
    const headers = this.#headers;
    if (headers === undefined) return;
    const present = headers.getSetCookie();
    const kept = present.filter((other) => !drop(other));
    if (kept.length < present.length) {
      headers.delete("set-cookie");
      for (const other of kept) headers.append("set-cookie", other);
    }
    this.#flush();
  }

  #flush(): void {
    const headers = this.#headers;
    if (headers === undefined) return;
    this.applyTo({
      getHeader: (name) => headers.get(name) ?? undefined,
      setHeader: (name, value) => headers.set(name, value),
      appendSetCookie: (line) => headers.append("set-cookie", line),
    });
  }
}
