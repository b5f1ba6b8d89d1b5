import { accounts, Session } from "../../lib/session.ts";

export const POST = Session.withSession(async (request, _context, session) =>
  Response.json(await accounts.setAdministrator(session, await request.json())),
);
