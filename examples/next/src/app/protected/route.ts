import { Session } from "../../lib/session.ts";

export const GET = Session.withSession(async (_request, _context, session) =>
  Response.json({ userId: session.getUserId() }),
);
