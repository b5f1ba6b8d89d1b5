import { pageDirectory, personIn } from "@acme/example-page";
import express from "express";
import { accounts, lab, Session, UserRoles } from "./session.ts";

export const app: express.Express = express();

app.disable("x-powered-by");
app.use(Session.middleware()); // serves refresh, sign-out, JWKS and discovery under /auth
app.use(express.json());

app.post("/login", async (req, res) => {
  const userId = personIn(req.body);
  if (userId === undefined) return void res.status(400).json({ message: "nobody of that name" });
  await Session.createNewSession(req, res, userId, {}, { device: req.get("user-agent") ?? "unknown" });
  res.json({ userId });
});

app.get(
  "/protected",
  Session.handler((_req, res: express.Response, session) => {
    res.json({ userId: session.getUserId() });
  }),
);

app.get("/optional", Session.verifySession({ sessionRequired: false }), (req, res) => {
  res.json({ userId: Session.of(req)?.getUserId() ?? null });
});

app.get(
  "/admin",
  Session.handler(
    (_req, res: express.Response, session) => {
      res.json({ userId: session.getUserId(), secret: 42 });
    },
    {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
      ],
    },
  ),
);

app.post(
  "/role",
  Session.handler(async (req: express.Request, res: express.Response, session) => {
    res.json(await accounts.setAdministrator(session, req.body));
  }),
);

app.get(
  "/sessions",
  Session.handler(
    async (_req, res: express.Response, session) => {
      res.json(await accounts.list(session));
    },
    { checkDatabase: true },
  ),
);

app.post(
  "/sessions",
  Session.handler(async (_req, res: express.Response, session) => {
    await accounts.signInElsewhere(session);
    res.status(201).json({});
  }),
);

app.post(
  "/sessions/revoke",
  Session.handler(async (req: express.Request, res: express.Response, session) => {
    res.json(await accounts.revoke(session, req.body));
  }),
);

// The lab: what the page needs to show in a minute what else takes an hour.
app.get("/lab", (_req, res) => {
  res.json(lab.facts());
});
app.post("/lab/advance", (req, res) => {
  res.json(lab.advance(req.body));
});
app.post("/lab/meet", (_req, res) => {
  lab.letRefreshesMeet();
  res.json({});
});
app.post(
  "/lab/replay",
  Session.handler(async (req: express.Request, res: express.Response, session) => {
    res.json(await lab.replay(session.getHandle(), req.socket.localPort));
  }),
);

app.use(express.static(pageDirectory));
app.use(Session.errorHandler());
