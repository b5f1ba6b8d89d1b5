import { personIn } from "@acme/example-page";
import type { FastifyPluginAsync } from "fastify";
import { accounts, lab, Session, UserRoles } from "./session.ts";

export const routes: FastifyPluginAsync = async (app) => {
  app.post("/login", async (request, reply) => {
    const userId = personIn(request.body);
    if (userId === undefined) return reply.code(400).send({ message: "nobody of that name" });
    const device = request.headers["user-agent"] ?? "unknown";
    await Session.createNewSession(request, reply, userId, {}, { device });
    return { userId };
  });

  app.get("/protected", async (request, reply) => {
    const session = await Session.getSession(request, reply);
    return { userId: session.getUserId() };
  });

  app.get("/optional", { onRequest: Session.verifySession({ sessionRequired: false }) }, async (request) => ({
    userId: Session.of(request)?.getUserId() ?? null,
  }));

  app.get("/admin", async (request, reply) => {
    const session = await Session.getSession(request, reply, {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
      ],
    });
    return { userId: session.getUserId(), secret: 42 };
  });

  app.post("/role", async (request, reply) => {
    const session = await Session.getSession(request, reply);
    return accounts.setAdministrator(session, request.body);
  });

  app.get("/sessions", async (request, reply) => {
    const session = await Session.getSession(request, reply, { checkDatabase: true });
    return accounts.list(session);
  });

  app.post("/sessions", async (request, reply) => {
    const session = await Session.getSession(request, reply);
    await accounts.signInElsewhere(session);
    return reply.code(201).send({});
  });

  app.post("/sessions/revoke", async (request, reply) => {
    const session = await Session.getSession(request, reply);
    return accounts.revoke(session, request.body);
  });

  // The lab: what the page needs to show in a minute what else takes an hour.
  app.get("/lab", async () => lab.facts());
  app.post("/lab/advance", async (request) => lab.advance(request.body));
  app.post("/lab/meet", async () => {
    lab.letRefreshesMeet();
    return {};
  });
  app.post("/lab/replay", async (request, reply) => {
    const session = await Session.getSession(request, reply);
    return lab.replay(session.getHandle(), request.socket.localPort);
  });
};
