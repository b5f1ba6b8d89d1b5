import { readFileSync } from "node:fs";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";

/** How the server treats the next refreshes: as it should, or as a network or a broken server would. */
export type RefreshFault = "none" | "lose the response" | "fail with 500";

export interface FrontOptions {
  /** The page's script. */
  script: string;
  /** The other origin, which may call the API. */
  otherOrigin: string;
  corsHeaders: readonly string[];
  /** Told of every refresh that comes in. */
  onRefresh(): void;
  /** The application. */
  listener: RequestListener;
}

/** What stands before the application whatever its framework: the page, CORS, and the faults of a network. */
export class Front {
  refreshFault: RefreshFault = "none";
  readonly #page = readFileSync(join(import.meta.dirname, "client/index.html"));
  readonly #options: FrontOptions;
  #missing = 0;
  #waiting: (() => void)[] = [];

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** Lets the next refreshes wait until so many are under way, so that none sees the other's cookies. */
  gatherRefreshes(count: number): void {
    this.#missing = count;
  }

  readonly listener = (req: IncomingMessage, res: ServerResponse): void => {
    const { script, otherOrigin, listener } = this.#options;
    const path = req.url?.split("?")[0];
    if (path === "/index.html") return void res.setHeader("content-type", "text/html").end(this.#page);
    if (path === "/client.js") return void res.setHeader("content-type", "text/javascript").end(script);
    if (req.headers.origin === otherOrigin && this.#answersPreflight(req, res)) return;
    if (path === "/auth/session/refresh" && req.method === "POST") this.#refresh(req, res);
    else listener(req, res);
  };

  #refresh(req: IncomingMessage, res: ServerResponse): void {
    this.#options.onRefresh();
    if (this.refreshFault === "fail with 500") return void res.writeHead(500).end("out of order");
    if (this.refreshFault === "lose the response") {
      res.end = () => {
        req.socket.destroy();
        return res;
      };
    }
    this.#waiting.push(() => this.#options.listener(req, res));
    if (--this.#missing > 0) return;
    for (const proceed of this.#waiting.splice(0)) proceed();
  }

  #answersPreflight(req: IncomingMessage, res: ServerResponse): boolean {
    const { otherOrigin, corsHeaders } = this.#options;
    res.setHeader("vary", "Origin");
    res.setHeader("access-control-allow-origin", otherOrigin);
    res.setHeader("access-control-allow-credentials", "true");
    if (req.method !== "OPTIONS") return false;
    res.setHeader("access-control-allow-headers", ["content-type", ...corsHeaders].join(", "));
    res.setHeader("access-control-allow-methods", "GET, PUT, POST, DELETE");
    res.writeHead(204).end();
    return true;
  }
}
