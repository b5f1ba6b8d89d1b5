import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { parseSetCookie, type SetCookie } from "./set-cookie.js";

/** A list becomes one line per value; undefined is left out. Names are sent as they are spelled. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: RequestHeaders;
  readonly body?: string | Buffer;
  /** Default: a socket of its own. */
  readonly agent?: Agent;
}

/** A response as it came over the socket: header lines in order, nothing folded. */
export class WireResponse {
  readonly setCookies: readonly SetCookie[];

  constructor(
    readonly status: number,
    /** `[name, value]` per line, names as sent. */
    readonly lines: readonly (readonly [string, string])[],
    readonly body: string,
  ) {
    this.setCookies = this.all("set-cookie").map(parseSetCookie);
  }

  get json(): unknown {
    return JSON.parse(this.body);
  }

  /** Values of all lines with this name, in any case. */
  all(name: string): string[] {
    return this.lines.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  }

  /**
   * The value of a header that stands there at most once.
   *
   * @param name lower-case
   * @throws Error when there are several lines of it
   */
  header(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) throw new Error(`${values.length} lines of ${name}`);
    return values[0];
  }

  /** Lines of one cookie. */
  cookies(name: string): SetCookie[] {
    return this.setCookies.filter((cookie) => cookie.name === name);
  }
}

/** Sends one request and reads the response to its end. */
export async function exchange(wanted: WireRequest): Promise<WireResponse> {
  const opened = await open(wanted);
  let body = "";
  for (let piece = await opened.next(); piece !== undefined; piece = await opened.next()) body += piece;
  return new WireResponse(opened.head.status, opened.head.lines, body);
}

/** A response whose body is read piece by piece. */
export interface OpenResponse {
  /** Without a body. */
  readonly head: WireResponse;
  /** The next piece as it arrives; undefined at the end. */
  next(): Promise<string | undefined>;
}

/** Sends one request; resolves with the head. */
export function open(wanted: WireRequest): Promise<OpenResponse> {
  return new Promise((resolve, reject) => {
    const sending = start(wanted);
    sending.on("error", reject);
    sending.on("response", (response) => {
      const pieces = response.setEncoding("utf8")[Symbol.asyncIterator]() as AsyncIterator<string>;
      resolve({
        head: new WireResponse(response.statusCode ?? 0, linesOf(response), ""),
        async next() {
          const { value, done } = await pieces.next();
          return done ? undefined : value;
        },
      });
    });
    sending.end(wanted.body);
  });
}

/** Sends the head of a request and leaves it at that; the caller writes on, ends or destroys it. */
export function start({ method, url, headers = {}, agent }: WireRequest): ClientRequest {
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
  return request(url, {
    method,
    headers: Object.fromEntries(sent) as Record<string, string | string[]>,
    agent: agent ?? false,
  });
}

function linesOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const lines: [string, string][] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
  }
  return lines;
}

/** A path as a cookie of the application has it: below where the application stands. */
export function pathBelow(base: string, path: string): string {
  const { pathname } = new URL(base);
  return (pathname === "/" ? "" : pathname) + path;
}
