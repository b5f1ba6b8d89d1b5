import type { IncomingMessage, ServerResponse } from "node:http";
import type { VerifySessionOptions } from "@acme/session-core";
import {
  type AdapterCore,
  type CookieSpec,
  Exchange,
  isSameCookie,
  NodeRequest,
  NodeResponse,
  type ResponseBody,
  serializeCookie,
} from "@acme/session-core/adapter";
import type { FixtureReply, FixtureRoute } from "../../src/index.js";
import { BareAdapter } from "./bare-app.js";

function linesOf(res: ServerResponse): string[] {
  const present = res.getHeader("set-cookie");
  return Array.isArray(present) ? present : present === undefined ? [] : [String(present)];
}

/** An adapter that differs in its response only. */
function answering(make: (res: ServerResponse) => NodeResponse): BareAdapter {
  return new (class extends BareAdapter {
    override response(res: ServerResponse): NodeResponse {
      return make(res);
    }
  })();
}

class OneLine extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    this.native.setHeader("set-cookie", serializeCookie(spec));
  }
}

class JoinedLines extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    super.setCookie(spec);
    this.native.setHeader("set-cookie", linesOf(this.native).join(", "));
  }
}

class OnlyOurLines extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    const ours = linesOf(this.native).filter(
      (line) => /^s(Access|Refresh)Token=/.test(line) && !isSameCookie(line, spec),
    );
    this.native.setHeader("set-cookie", [...ours, serializeCookie(spec)]);
  }
}

class NamePrefixes extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    const others = linesOf(this.native).filter(
      (line) => !spec.name.startsWith(line.slice(0, line.indexOf("="))),
    );
    this.native.setHeader("set-cookie", [...others, serializeCookie(spec)]);
  }
}

class AppendedLines extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    this.native.appendHeader("set-cookie", serializeCookie(spec));
  }
}

class OneLinePerDomain extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    const others = linesOf(this.native).filter(
      (line) => !(line.startsWith(`${spec.name}=`) && /Domain=([^;]*)/.exec(line)?.[1] === spec.domain),
    );
    this.native.setHeader("set-cookie", [...others, serializeCookie(spec)]);
  }
}

/** What an adapter does that writes into an object which the application answers everybody with. */
class KeptLines extends NodeResponse<ServerResponse> {
  static lines: string[] = [];

  override setCookie(spec: CookieSpec): void {
    super.setCookie(spec);
    KeptLines.lines = linesOf(this.native);
  }
}

class NoClearing extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    if (spec.value !== "") super.setCookie(spec);
  }
}

class SecureByConnection extends NodeResponse<ServerResponse> {
  override setCookie(spec: CookieSpec): void {
    super.setCookie({ ...spec, secure: false });
  }
}

class PlainContentType extends NodeResponse<ServerResponse> {
  override finish(body: ResponseBody | null): undefined {
    return super.finish(body === null ? null : { ...body, contentType: "application/json" });
  }
}

class ReplacedExposeHeaders extends NodeResponse<ServerResponse> {
  override mergeHeader(name: string, token: string): void {
    this.setHeader(name, token);
  }
}

class NeverCommitted extends NodeResponse<ServerResponse> {
  override get committed(): boolean {
    return false;
  }

  override setHeader(name: string, value: string): void {
    if (!this.native.headersSent) super.setHeader(name, value);
  }

  override setCookie(spec: CookieSpec): void {
    if (!this.native.headersSent) super.setCookie(spec);
  }
}

class CaseOfHeaders extends NodeRequest {
  override header(lowerCaseName: string): string | undefined {
    const { rawHeaders } = this.native as IncomingMessage;
    const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name === lowerCaseName);
    return at === -1 ? undefined : rawHeaders[at + 1];
  }
}

/** One mistake each, as adapters make it, and the cases of the suite that must notice. */
export const brokenAdapters: Readonly<Record<string, { cases: readonly string[]; parts: BareAdapter }>> = {
  "sends one Set-Cookie line only": {
    cases: ["C-20", "C-23", "C-50"],
    parts: answering((res) => new OneLine(res)),
  },
  "joins Set-Cookie lines": { cases: ["C-20", "C-21"], parts: answering((res) => new JoinedLines(res)) },
  "replaces the application's cookies": { cases: ["C-21"], parts: answering((res) => new OnlyOurLines(res)) },
  "takes a name that begins alike for the same cookie": {
    cases: ["C-21"],
    parts: answering((res) => new NamePrefixes(res)),
  },
  "takes another path of one domain for the same cookie": {
    cases: ["C-13"],
    parts: answering((res) => new OneLinePerDomain(res)),
  },
  "appends a cookie that it should replace": {
    cases: ["C-22", "C-28"],
    parts: answering((res) => new AppendedLines(res)),
  },
  "never clears": { cases: ["C-23", "C-28", "C-52", "C-54"], parts: answering((res) => new NoClearing(res)) },
  "sets Secure by the connection": {
    cases: ["C-20", "C-25"],
    parts: answering((res) => new SecureByConnection(res)),
  },
  "sends another content type": {
    cases: ["C-02", "C-44", "C-50"],
    parts: answering((res) => new PlainContentType(res)),
  },
  "replaces the exposed headers": {
    cases: ["C-20", "C-64"],
    parts: answering((res) => new ReplacedExposeHeaders(res)),
  },
  "does not notice that the head has been sent": {
    cases: ["C-71"],
    parts: answering((res) => new NeverCommitted(res)),
  },
  "reads headers in lower case only": {
    cases: ["C-04"],
    parts: new (class extends BareAdapter {
      override request(req: IncomingMessage): NodeRequest {
        return new CaseOfHeaders(req);
      }
    })(),
  },
  "takes every error for no session": {
    cases: ["C-02", "C-05", "C-63"],
    parts: new (class extends BareAdapter {
      override guard(
        adapter: AdapterCore,
        req: IncomingMessage,
        res: ServerResponse,
        options: VerifySessionOptions,
      ) {
        return super.guard(adapter, req, res, options).catch(() => undefined);
      }
    })(),
  },
  "forgets what it knows of a request": {
    cases: ["C-30", "C-31"],
    parts: new (class extends BareAdapter {
      override wrap(req: IncomingMessage, res: ServerResponse): Exchange {
        return new Exchange(this.request(req), this.response(res));
      }
    })(),
  },
  "answers and then runs the handler as well": {
    cases: ["C-02", "C-63"],
    parts: new (class extends BareAdapter {
      override async guard(
        adapter: AdapterCore,
        req: IncomingMessage,
        res: ServerResponse,
        options: VerifySessionOptions,
      ) {
        try {
          return await super.guard(adapter, req, res, options);
        } catch (error) {
          await this.answer(adapter, req, res, error);
          return undefined;
        }
      }
    })(),
  },
  "lets OPTIONS through": {
    cases: ["C-63"],
    parts: new (class extends BareAdapter {
      override async guard(
        adapter: AdapterCore,
        req: IncomingMessage,
        res: ServerResponse,
        options: VerifySessionOptions,
      ) {
        return req.method === "OPTIONS" ? undefined : super.guard(adapter, req, res, options);
      }
    })(),
  },
  "writes into an answer that is given to everybody": {
    cases: ["C-33"],
    parts: new (class extends BareAdapter {
      override response(res: ServerResponse): NodeResponse {
        if (KeptLines.lines.length > 0) res.setHeader("set-cookie", KeptLines.lines);
        return new KeptLines(res);
      }

      override async endpoint(adapter: AdapterCore, req: IncomingMessage, res: ServerResponse) {
        const isServed = await super.endpoint(adapter, req, res);
        if (!isServed) this.wrap(req, res);
        return isServed;
      }
    })(),
  },
  "lets its headers ride on the application's error": {
    cases: ["C-34"],
    parts: new (class extends BareAdapter {
      override answer(adapter: AdapterCore, req: IncomingMessage, res: ServerResponse, error: unknown) {
        if (error instanceof Error && error.name === "Error") {
          const carrier = error as Error & { lines?: string[] };
          carrier.lines ??= linesOf(res);
          res.setHeader("set-cookie", carrier.lines);
        }
        return super.answer(adapter, req, res, error);
      }
    })(),
  },
  "runs a handler that failed once more": {
    cases: ["C-42"],
    parts: new (class extends BareAdapter {
      override run(
        route: FixtureRoute,
        exchange: Parameters<FixtureRoute["handle"]>[0],
      ): Promise<FixtureReply> {
        return route.handle(exchange).catch(() => route.handle(exchange));
      }
    })(),
  },
  "hands the application a copy of its error": {
    cases: ["C-09", "C-27", "C-42"],
    parts: new (class extends BareAdapter {
      override async run(
        route: FixtureRoute,
        exchange: Parameters<FixtureRoute["handle"]>[0],
      ): Promise<FixtureReply> {
        try {
          return await super.run(route, exchange);
        } catch (error) {
          throw error instanceof Error && error.name === "Error" ? new Error(error.message) : error;
        }
      }
    })(),
  },
  "throws the headers away on an error of others": {
    cases: ["C-27"],
    parts: new (class extends BareAdapter {
      override fail(res: ServerResponse): void {
        for (const name of res.headersSent ? [] : res.getHeaderNames()) res.removeHeader(name);
        super.fail(res);
      }
    })(),
  },
  "reads the body before it refreshes": {
    cases: ["C-51"],
    parts: new (class extends BareAdapter {
      override async endpoint(
        adapter: AdapterCore,
        req: IncomingMessage,
        res: ServerResponse,
      ): Promise<boolean> {
        if (req.method === "POST" && req.url?.startsWith("/auth/") && req.headers["content-type"]) {
          let text = "";
          for await (const chunk of req) text += String(chunk);
          JSON.parse(text);
        }
        return super.endpoint(adapter, req, res);
      }
    })(),
  },
  "takes any spelling of a path": {
    cases: ["C-57"],
    parts: new (class extends BareAdapter {
      override endpoint(adapter: AdapterCore, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
        req.url = decodeURIComponent(req.url ?? "").toLowerCase();
        return super.endpoint(adapter, req, res);
      }
    })(),
  },
  "makes the process warn": {
    cases: ["C-43"],
    parts: new (class extends BareAdapter {
      override answer(adapter: AdapterCore, req: IncomingMessage, res: ServerResponse, error: unknown) {
        process.emit("warning", new Error("headers after they were sent"));
        return super.answer(adapter, req, res, error);
      }
    })(),
  },
};
