import { Session } from "../../lib/session";

/** Touches nothing of the request itself: Next would make it at build time if it could. */
export const GET = Session.withSession(
  async (_request, _context, session) => Response.json({ id: session?.getUserId() ?? null }),
  { sessionRequired: false },
);
