import { type NextRequest, NextResponse } from "next/server";
import { Session } from "./lib/session";

const PUBLIC = /^\/(me|home|api)\//;

/** On the edge runtime: nothing of Node is there (NX-13). */
export function middleware(request: NextRequest): NextResponse | Promise<Response> {
  if (PUBLIC.test(request.nextUrl.pathname)) return NextResponse.next();
  return Session.proxy(request, { redirectTo: "/base/login/" });
}

// As Next's documentation has it.
export const config = { matcher: ["/((?!api|_next/static|_next/image|favicon.ico).*)"] };
