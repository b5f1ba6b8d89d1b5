import { personIn } from "@acme/example-page";
import type { ServerRoute } from "@hapi/hapi";
import { accounts, lab, Session, UserRoles } from "./session.ts";

export const routes: ServerRoute[] = [
  {
    method: "POST",
    path: "/login",
    handler: async (request, h) => {
      const userId = personIn(request.payload);
      if (userId === undefined) return h.response({ message: "nobody of that name" }).code(400);
      const device = String(request.headers["user-agent"] ?? "unknown");
      await Session.createNewSession(request, h, userId, {}, { device });
      return { userId };
    },
  },
  {
    method: "GET",
    path: "/protected",
    options: { auth: "session" },
    handler: (request) => ({ userId: Session.of(request)?.getUserId() ?? null }),
  },
  {
    method: "GET",
    path: "/optional",
    options: { auth: { strategy: "session", mode: "optional" } },
    handler: (request) => ({ userId: Session.of(request)?.getUserId() ?? null }),
  },
  {
    method: "GET",
    path: "/admin",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h, {
        overrideGlobalClaimValidators: async (globalValidators) => [
          ...globalValidators,
          UserRoles.UserRoleClaim.validators.includes("admin"),
        ],
      });
      return { userId: session.getUserId(), secret: 42 };
    },
  },
  {
    method: "POST",
    path: "/role",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h);
      return accounts.setAdministrator(session, request.payload);
    },
  },
  {
    method: "GET",
    path: "/sessions",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h, { checkDatabase: true });
      return accounts.list(session);
    },
  },
  {
    method: "POST",
    path: "/sessions",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h);
      await accounts.signInElsewhere(session);
      return h.response({}).code(201);
    },
  },
  {
    method: "POST",
    path: "/sessions/revoke",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h);
      return accounts.revoke(session, request.payload);
    },
  },

  // The lab: what the page needs to show in a minute what else takes an hour.
  { method: "GET", path: "/lab", handler: () => lab.facts() },
  { method: "POST", path: "/lab/advance", handler: (request) => lab.advance(request.payload) },
  {
    method: "POST",
    path: "/lab/meet",
    handler: () => {
      lab.letRefreshesMeet();
      return {};
    },
  },
  {
    method: "POST",
    path: "/lab/replay",
    handler: async (request, h) => {
      const session = await Session.getSession(request, h);
      return lab.replay(session.getHandle(), request.raw.req.socket.localPort);
    },
  },
];
