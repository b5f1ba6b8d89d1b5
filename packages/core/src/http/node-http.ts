import { BaseRequest } from "./base-request.js";
import { BaseResponse, type ResponseBody } from "./base-response.js";

/** The part of Node's `IncomingMessage` that is read here. */
export interface NodeIncomingMessage {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** As routers that rewrite `url` keep it. */
  readonly originalUrl?: string | undefined;
}

/** The part of Node's `ServerResponse` that is written here. */
export interface NodeServerResponse {
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed?: boolean | undefined;
  statusCode: number;
  setHeader(name: string, value: string | readonly string[]): unknown;
  getHeader(name: string): number | string | string[] | undefined;
  removeHeader(name: string): void;
  end(chunk?: string): unknown;
}

export class NodeRequest<
  Native extends NodeIncomingMessage = NodeIncomingMessage,
> extends BaseRequest<Native> {
  constructor(readonly native: Native) {
    super();
  }

  get method(): string {
    return this.native.method ?? "GET";
  }

  get url(): string {
    return this.native.originalUrl ?? this.native.url ?? "/";
  }

  header(lowerCaseName: string): string | undefined {
    const value = this.native.headers[lowerCaseName];
    return typeof value === "object" ? value.join(lowerCaseName === "cookie" ? "; " : ", ") : value;
  }
}

/** Writes through at once: Node keeps headers until the head is sent. */
export class NodeResponse<
  Native extends NodeServerResponse = NodeServerResponse,
> extends BaseResponse<Native> {
  constructor(readonly native: Native) {
    super();
  }

  get committed(): boolean {
    return this.native.headersSent || this.native.writableEnded;
  }

  override get isAbandoned(): boolean {
    return this.native.destroyed === true;
  }

  setStatus(code: number): void {
    if (!this.committed) this.native.statusCode = code;
  }

  setHeader(name: string, value: string): void {
    if (!this.committed) this.native.setHeader(name, value);
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
    if (kept.length === 0) this.native.removeHeader("set-cookie");
    else this.native.setHeader("set-cookie", kept);
  }

  finish(body: ResponseBody | null): undefined {
    if (this.committed) return undefined;
    if (body === null) {
      this.native.end();
      return undefined;
    }
    this.native.setHeader("content-type", body.contentType);
    this.native.end(body.text);
    return undefined;
  }
}
