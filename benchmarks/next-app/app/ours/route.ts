import { Session } from "../../session";

export const dynamic = "force-dynamic";

export const GET = Session.withSession((_request, _context, session) =>
  Response.json({ id: session.getUserId() }),
);
