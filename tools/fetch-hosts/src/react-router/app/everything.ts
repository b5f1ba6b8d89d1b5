import type { FixtureRoute } from "@acme/session-conformance";
import type { SessionContainer } from "@acme/session-fetch";
import type { LoaderFunctionArgs } from "react-router";
import { data, redirect } from "react-router";
import { current } from "../../current.ts";
import { responseOf } from "../../fixture.ts";

/** One resource route for every path and method, so that each application of the suite can have its own routes. */
export async function loader({ request }: LoaderFunctionArgs): Promise<Response> {
  const { app, session } = current();
  const route = current().routeOf(request);
  if (route === undefined) throw data(null, { status: 404 });
  try {
    if (route.guard === undefined) return await run(route, request, undefined);
    return await session.withSession(request, (found) => run(route, request, found), route.guard);
  } catch (error) {
    const own = app.ownAnswer(error);
    if (own === undefined) throw error;
    return Response.json(own.body, { status: own.status });
  }
}

export function action(args: LoaderFunctionArgs): Promise<Response> {
  return loader(args);
}

async function run(
  route: FixtureRoute,
  request: Request,
  guarded: SessionContainer | undefined,
): Promise<Response> {
  const headers = new Headers();
  const reply = await current().run(route, request, {
    body: route.takesBody ? await request.json() : {},
    guarded,
    setCookie: (name, value) => headers.append("set-cookie", `${name}=${value}; Path=/`),
    setHeader: (name, value) => headers.set(name, value),
  });
  if (reply.kind === "redirect") throw redirect(reply.location, { headers });
  const response = responseOf(reply, request.method);
  for (const [name, value] of headers) response.headers.append(name, value);
  return response;
}
