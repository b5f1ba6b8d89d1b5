import { Session } from "../../lib/session";

export const POST = Session.route(async (request) => {
  await Session.createNewSession(request, undefined, "alice");
  return Response.json({ ok: true });
});
