import { Session, UserRoles } from "../../lib/session.ts";

export const GET = Session.withSession(
  async (_request, _context, session) => Response.json({ userId: session.getUserId(), secret: 42 }),
  {
    overrideGlobalClaimValidators: async (globalValidators) => [
      ...globalValidators,
      UserRoles.UserRoleClaim.validators.includes("admin"),
    ],
  },
);
