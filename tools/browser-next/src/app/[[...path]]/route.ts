import type { SessionContainer } from "@acme/session-core";
import type { NextSession } from "@acme/session-next";
import type { NextRequest } from "next/server";
import type { Route } from "../../../../browser/src/frameworks/framework.ts";
import { onGlobal } from "../../site.ts";

async function serve(request: NextRequest, context: unknown): Promise<Response> {
  const mounted = onGlobal.browserSite?.mounted;
  if (mounted === undefined) throw new Error("the tests have mounted nothing");
  const { session, routes } = mounted;
  const { pathname } = request.nextUrl;
  const route = routes.find(
    ({ method, path }) => method === request.method.toLowerCase() && path === pathname,
  );
  if (route === undefined) return session.routeHandlers[request.method === "POST" ? "POST" : "GET"](request);
  const run = (guarded: SessionContainer | undefined) => answer(session, route, request, guarded);
  if (route.guard === undefined) return session.route(() => run(undefined))(request, context);
  return session.withSession((_request, _context, found) => run(found), route.guard)(request, context);
}

async function answer(
  session: NextSession,
  { handle }: Route,
  request: NextRequest,
  guarded: SessionContainer | undefined,
): Promise<Response> {
  const isJson = request.headers.get("content-type") === "application/json";
  const { status = 200, body } = await handle({
    body: isJson ? await request.json() : {},
    headers: Object.fromEntries(request.headers),
    guarded,
    getSession: () => session.getSession(request, undefined),
    createNewSession: (userId, payload) => session.createNewSession(request, undefined, userId, payload),
  });
  if (body === undefined) return new Response(null, { status });
  return typeof body === "string" ? new Response(body, { status }) : Response.json(body, { status });
}

export { serve as GET, serve as POST };
