import type { FixtureReply, FixtureRoute } from "@acme/session-conformance";
import type { SessionContainer } from "@acme/session-fetch";
import type { APIContext, APIRoute } from "astro";
import { current } from "../../../current.ts";
import { responseOf } from "../../../fixture.ts";

/** One file for every path and method, so that each application of the suite can have its own routes. */
export const ALL: APIRoute = async (context) => {
  const { app, session } = current();
  const route = current().routeOf(context.request);
  if (route === undefined) return new Response("not found", { status: 404 });
  try {
    if (route.guard === undefined) return await run(route, context, undefined);
    return await session.withSession(context.request, (found) => run(route, context, found), route.guard);
  } catch (error) {
    const own = app.ownAnswer(error);
    if (own === undefined) throw error;
    return Response.json(own.body, { status: own.status });
  }
};

async function run(
  route: FixtureRoute,
  context: APIContext,
  guarded: SessionContainer | undefined,
): Promise<Response> {
  const headers = new Headers();
  const reply = await current().run(route, context.request, {
    body: route.takesBody ? await context.request.json() : {},
    guarded,
    setCookie: (name, value) => context.cookies.set(name, value, { path: "/" }),
    setHeader: (name, value) => headers.set(name, value),
  });
  const response = send(context, reply);
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}

function send(context: APIContext, reply: FixtureReply): Response {
  return reply.kind === "redirect"
    ? context.redirect(reply.location)
    : responseOf(reply, context.request.method);
}
