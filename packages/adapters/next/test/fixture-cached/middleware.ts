import type { NextRequest } from "next/server";
import { Session } from "./lib/session";

/** On the edge runtime: nothing of Node is there (NX-13). */
export function middleware(request: NextRequest): Promise<Response> {
  return Session.proxy(request, { redirectTo: "/base/login/" });
}

export const config = { matcher: ["/account/:path*"] };
