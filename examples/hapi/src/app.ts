import { type Place, pageDirectory } from "@acme/example-page";
import { server as makeServer, type Server } from "@hapi/hapi";
import inert from "@hapi/inert";
import { routes } from "./routes.ts";
import { Session } from "./session.ts";

export async function startServer(place: Place): Promise<Server> {
  const server = makeServer({ ...place, routes: { state: { failAction: "ignore" } } });
  await server.register(Session.plugin); // serves refresh, sign-out, JWKS and discovery under /auth; answers our errors
  await server.register(inert);
  server.route(routes);
  server.route({ method: "GET", path: "/{file*}", handler: { directory: { path: pageDirectory } } });
  await server.start();
  return server;
}
