import { lab, Session } from "../../../lib/session.ts";

export const POST = Session.withSession(async (request, _context, session) => {
  const { port } = new URL(`http://${request.headers.get("host")}`);
  return Response.json(await lab.replay(session.getHandle(), Number(port)));
});
