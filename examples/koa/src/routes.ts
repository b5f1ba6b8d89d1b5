import { personIn } from "@acme/example-page";
import Router from "@koa/router";
import { accounts, lab, Session, UserRoles } from "./session.ts";

export const router = new Router();

router.post("/login", async (ctx) => {
  const userId = personIn(ctx.request.body);
  if (userId === undefined) return ctx.throw(400, "nobody of that name");
  await Session.createNewSession(ctx, ctx, userId, {}, { device: ctx.get("user-agent") || "unknown" });
  ctx.body = { userId };
});

router.get("/protected", async (ctx) => {
  const session = await Session.getSession(ctx, ctx);
  ctx.body = { userId: session.getUserId() };
});

router.get("/optional", Session.verifySession({ sessionRequired: false }), (ctx) => {
  ctx.body = { userId: Session.of(ctx)?.getUserId() ?? null };
});

router.get("/admin", async (ctx) => {
  const session = await Session.getSession(ctx, ctx, {
    overrideGlobalClaimValidators: async (globalValidators) => [
      ...globalValidators,
      UserRoles.UserRoleClaim.validators.includes("admin"),
    ],
  });
  ctx.body = { userId: session.getUserId(), secret: 42 };
});

router.post("/role", async (ctx) => {
  const session = await Session.getSession(ctx, ctx);
  ctx.body = await accounts.setAdministrator(session, ctx.request.body);
});

router.get("/sessions", async (ctx) => {
  const session = await Session.getSession(ctx, ctx, { checkDatabase: true });
  ctx.body = await accounts.list(session);
});

router.post("/sessions", async (ctx) => {
  const session = await Session.getSession(ctx, ctx);
  await accounts.signInElsewhere(session);
  ctx.status = 201;
  ctx.body = {};
});

router.post("/sessions/revoke", async (ctx) => {
  const session = await Session.getSession(ctx, ctx);
  ctx.body = await accounts.revoke(session, ctx.request.body);
});

// The lab: what the page needs to show in a minute what else takes an hour.
router.get("/lab", (ctx) => {
  ctx.body = lab.facts();
});
router.post("/lab/advance", (ctx) => {
  ctx.body = lab.advance(ctx.request.body);
});
router.post("/lab/meet", (ctx) => {
  lab.letRefreshesMeet();
  ctx.body = {};
});
router.post("/lab/replay", async (ctx) => {
  const session = await Session.getSession(ctx, ctx);
  ctx.body = await lab.replay(session.getHandle(), ctx.req.socket.localPort);
});
