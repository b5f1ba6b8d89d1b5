import { personIn } from "@acme/example-page";
import type { ServerRequest } from "srvx";
import { accounts, lab, Session, UserRoles } from "./session.ts";

type Route = (request: ServerRequest) => Response | Promise<Response>;

export const routes: Partial<Record<string, Route>> = {
  async "POST /login"(request) {
    const userId = personIn(await request.json());
    if (userId === undefined) return Response.json({ message: "nobody of that name" }, { status: 400 });
    const device = request.headers.get("user-agent") ?? "unknown";
    await Session.createNewSession(request, undefined, userId, {}, { device });
    return Response.json({ userId });
  },

  "GET /protected": (request) =>
    Session.withSession(request, (session) => Response.json({ userId: session.getUserId() })),

  async "GET /optional"(request) {
    const session = await Session.getSession(request, undefined, { sessionRequired: false });
    return Response.json({ userId: session?.getUserId() ?? null });
  },

  "GET /admin": (request) =>
    Session.withSession(request, (session) => Response.json({ userId: session.getUserId(), secret: 42 }), {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
      ],
    }),

  async "POST /role"(request) {
    const session = await Session.getSession(request, undefined);
    return Response.json(await accounts.setAdministrator(session, await request.json()));
  },

  async "GET /sessions"(request) {
    const session = await Session.getSession(request, undefined, { checkDatabase: true });
    return Response.json(await accounts.list(session));
  },

  async "POST /sessions"(request) {
    const session = await Session.getSession(request, undefined);
    await accounts.signInElsewhere(session);
    return Response.json({}, { status: 201 });
  },

  async "POST /sessions/revoke"(request) {
    const session = await Session.getSession(request, undefined);
    return Response.json(await accounts.revoke(session, await request.json()));
  },

  // The lab: what the page needs to show in a minute what else takes an hour.
  "GET /lab": () => Response.json(lab.facts()),
  "POST /lab/advance": async (request) => Response.json(lab.advance(await request.json())),
  "POST /lab/meet"() {
    lab.letRefreshesMeet();
    return Response.json({});
  },
  async "POST /lab/replay"(request) {
    const session = await Session.getSession(request, undefined);
    const port = request.runtime?.node?.req.socket.localPort;
    return Response.json(await lab.replay(session.getHandle(), port));
  },
};
