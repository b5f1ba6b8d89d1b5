import type { FixtureReply, FixtureRoute } from "@acme/session-conformance";
import type { SessionContainer } from "@acme/session-fetch";
import { error, json, type RequestEvent, type RequestHandler, redirect } from "@sveltejs/kit";
import { current } from "../../../../current.ts";
import { responseOf } from "../../../../fixture.ts";

export const trailingSlash = "ignore";

/** One file for every path and method, so that each application of the suite can have its own routes. */
export const fallback: RequestHandler = async (event) => {
  const { session } = current();
  const route = current().routeOf(event.request);
  if (route === undefined) error(404);
  try {
    if (route.guard === undefined) return await run(route, event, undefined);
    return await session.withSession(event.request, (found) => run(route, event, found), route.guard);
  } catch (thrown) {
    const own = current().app.ownAnswer(thrown);
    if (own === undefined) throw thrown;
    return json(own.body, { status: own.status });
  }
};

async function run(
  route: FixtureRoute,
  event: RequestEvent,
  guarded: SessionContainer | undefined,
): Promise<Response> {
  const reply = await current().run(route, event.request, {
    body: route.takesBody ? await event.request.json() : {},
    guarded,
    setCookie: (name, value) => event.cookies.set(name, value, { path: "/" }),
    setHeader: (name, value) => event.setHeaders({ [name]: value }),
  });
  return send(reply, event.request.method);
}

function send(reply: FixtureReply, method: string): Response {
  if (reply.kind === "redirect") redirect(303, reply.location);
  return reply.kind === "json" && method !== "HEAD" ? json(reply.body) : responseOf(reply, method);
}
