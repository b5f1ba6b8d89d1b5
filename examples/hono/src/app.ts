import { pageDirectory, personIn } from "@acme/example-page";
import type { HttpBindings } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { accounts, lab, Session, UserRoles } from "./session.ts";

export const app = new Hono<{ Bindings: HttpBindings }>();

app.use(Session.middleware()); // serves refresh, sign-out, JWKS and discovery under /auth

app.post("/login", async (c) => {
  const userId = personIn(await c.req.json());
  if (userId === undefined) return c.json({ message: "nobody of that name" }, 400);
  await Session.createNewSession(c, userId, {}, { device: c.req.header("user-agent") ?? "unknown" });
  return c.json({ userId });
});

app.get("/protected", Session.verifySession(), (c) => c.json({ userId: c.var.session.getUserId() }));

app.get("/optional", async (c) => {
  const session = await Session.getSession(c, { sessionRequired: false });
  return c.json({ userId: session?.getUserId() ?? null });
});

const onlyAdministrators = Session.verifySession({
  overrideGlobalClaimValidators: async (globalValidators) => [
    ...globalValidators,
    UserRoles.UserRoleClaim.validators.includes("admin"),
  ],
});
app.get("/admin", onlyAdministrators, (c) => c.json({ userId: c.var.session.getUserId(), secret: 42 }));

app.post("/role", Session.verifySession(), async (c) =>
  c.json(await accounts.setAdministrator(c.var.session, await c.req.json())),
);

app.get("/sessions", Session.verifySession({ checkDatabase: true }), async (c) =>
  c.json(await accounts.list(c.var.session)),
);

app.post("/sessions", Session.verifySession(), async (c) => {
  await accounts.signInElsewhere(c.var.session);
  return c.json({}, 201);
});

app.post("/sessions/revoke", Session.verifySession(), async (c) =>
  c.json(await accounts.revoke(c.var.session, await c.req.json())),
);

// The lab: what the page needs to show in a minute what else takes an hour.
app.get("/lab", (c) => c.json(lab.facts()));
app.post("/lab/advance", async (c) => c.json(lab.advance(await c.req.json())));
app.post("/lab/meet", (c) => {
  lab.letRefreshesMeet();
  return c.json({});
});
app.post("/lab/replay", Session.verifySession(), async (c) =>
  c.json(await lab.replay(c.var.session.getHandle(), c.env.incoming.socket.localPort)),
);

app.use(serveStatic({ root: pageDirectory }));
app.onError(Session.errorHandler((_error, c) => c.text("Internal Server Error", 500)));
