import { accounts, Session } from "../../lib/session.ts";

export const GET = Session.withSession(
  async (_request, _context, session) => Response.json(await accounts.list(session)),
  { checkDatabase: true },
);

export const POST = Session.withSession(async (_request, _context, session) => {
  await accounts.signInElsewhere(session);
  return Response.json({}, { status: 201 });
});
