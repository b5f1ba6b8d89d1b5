import { pageDirectory, people } from "@acme/example-page";
import express from "express";
import { lab, Session, UserRoles } from "./session.ts";

export const app: express.Express = express();

app.disable("x-powered-by");
app.use(Session.middleware()); // serves refresh, sign-out, JWKS and discovery under /auth
app.use(express.json());

app.post("/login", async (req, res) => {
  const { userId } = req.body ?? {};
  if (!people.includes(userId)) return void res.status(400).json({ message: "nobody of that name" });
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
    const person = [session.getTenantId(), session.getUserId()] as const;
    await UserRoles.createNewRoleOrAddPermissions("admin");
    if (req.body?.admin) await UserRoles.addRoleToUser(...person, "admin");
    else await UserRoles.removeUserRole(...person, "admin");
    await session.fetchAndSetClaim(UserRoles.UserRoleClaim); // in this token at once, in others with their next refresh
    res.json({ roles: await session.getClaimValue(UserRoles.UserRoleClaim) });
  }),
);

app.get(
  "/sessions",
  Session.handler(
    async (_req, res: express.Response, session) => {
      const handles = await Session.getAllSessionHandlesForUser(session.getUserId());
      const found = await Promise.all(handles.map((handle) => Session.getSessionInformation(handle)));
      res.json(
        found
          .filter((information) => information !== undefined)
          .map(({ sessionHandle, sessionData, timeCreated }) => ({
            sessionHandle,
            device: sessionData.device,
            timeCreated,
            isThisOne: sessionHandle === session.getHandle(),
          })),
      );
    },
    { checkDatabase: true },
  ),
);

/** Signs the same person in on another device. */
app.post(
  "/sessions",
  Session.handler(async (_req, res: express.Response, session) => {
    await Session.createNewSessionWithoutRequestResponse(
      session.getUserId(),
      {},
      { device: "another device" },
    );
    res.status(201).json({});
  }),
);

app.post(
  "/sessions/revoke",
  Session.handler(async (req: express.Request, res: express.Response, session) => {
    const { sessionHandle } = req.body ?? {};
    if (sessionHandle === session.getHandle()) {
      await session.revokeSession();
      return void res.json({ revoked: true });
    }
    const own = await Session.getAllSessionHandlesForUser(session.getUserId());
    res.json({ revoked: own.includes(sessionHandle) && (await Session.revokeSession(sessionHandle)) });
  }),
);

// The lab: what the page needs to show in a minute what else takes an hour.
app.get("/lab", (_req, res) => {
  res.json(lab.facts());
});
app.post("/lab/advance", (req, res) => {
  res.json(lab.advance(req.body?.seconds));
});
app.post("/lab/meet", (_req, res) => {
  lab.letRefreshesMeet();
  res.json({});
});
app.post(
  "/lab/replay",
  Session.handler(async (req: express.Request, res: express.Response, session) => {
    res.json(await lab.replay(session.getHandle(), `http://127.0.0.1:${req.socket.localPort}`));
  }),
);

app.use(express.static(pageDirectory));
app.use(Session.errorHandler());
