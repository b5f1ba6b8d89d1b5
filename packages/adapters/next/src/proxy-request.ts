import { Exchange, exchangeOn, WebRequest } from "@acme/session-core/adapter";
import type { NextRequest } from "next/server.js";
import { RouteResponse } from "./route-response.js";

/** The request as the proxy sees it: its address has a `basePath` in front, which Next takes off everywhere else. */
class ProxyRequest extends WebRequest {
  override get url(): string {
    const { nextUrl } = this.native as NextRequest;
    return nextUrl.pathname + nextUrl.search;
  }
}

export function proxyExchange(request: NextRequest): Exchange {
  return exchangeOn(request, () => new Exchange(new ProxyRequest(request), new RouteResponse(request)));
}

/** Whether the request is for this page already. Behind a reverse proxy only its `Host` header knows the website's name. */
export function isAt(request: NextRequest, target: URL): boolean {
  const { host, pathname } = new URL(request.url);
  return (
    withoutSlash(pathname) === withoutSlash(target.pathname) &&
    [host, request.headers.get("host")].includes(target.host)
  );
}

function withoutSlash(path: string): string {
  return path.replace(/\/$/, "");
}
