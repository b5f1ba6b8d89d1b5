import { createSession, silentLogger } from "@acme/session-hapi";
import Hapi from "@hapi/hapi";
import type { HttpApp } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const UNGUARDED = "hapi, unguarded";

// hapi would refuse the other cookies of the request; see the traps in docs/frameworks/hapi.md.
const newServer = () => Hapi.server({ host: "127.0.0.1", routes: { state: { failAction: "ignore" } } });

async function started(server: Hapi.Server): Promise<number> {
  await server.start();
  return server.info.port as number;
}

export const hapiApps: HttpApp[] = [
  {
    name: UNGUARDED,
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const server = newServer();
      server.route({ method: "GET", path: "/me", handler: () => ({ id: USER }) });
      return { port: await started(server), headers: tokenHeaders(signed) };
    },
  },
  {
    // What the framework takes for any guard at all.
    name: "hapi, an empty scheme and extension",
    unguarded: UNGUARDED,
    async start() {
      const { signed } = await signedToken();
      const server = newServer();
      server.auth.scheme("empty", () => ({
        authenticate: async (_request, h) => h.authenticated({ credentials: { user: { id: USER } } }),
      }));
      server.auth.strategy("empty", "empty");
      server.ext("onPreResponse", (_request, h) => h.continue);
      server.route({
        method: "GET",
        path: "/me",
        options: { auth: "empty" },
        handler: (request) => ({ id: (request.auth.credentials.user as { id: string }).id }),
      });
      return { port: await started(server), headers: tokenHeaders(signed) };
    },
  },
  {
    name: "hapi, ours",
    unguarded: UNGUARDED,
    async start() {
      const { store, signed } = await signedToken();
      const Session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
      const server = newServer();
      await server.register(Session.plugin);
      server.route({
        method: "GET",
        path: "/me",
        options: { auth: "session" },
        handler: (request) => ({ id: Session.of(request)?.getUserId() }),
      });
      return { port: await started(server), headers: tokenHeaders(signed) };
    },
  },
];
