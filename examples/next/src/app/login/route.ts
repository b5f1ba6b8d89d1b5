import { personIn } from "@acme/example-page/backend";
import { Session } from "../../lib/session.ts";

export const POST = Session.route(async (request) => {
  const userId = personIn(await request.json());
  if (userId === undefined) return Response.json({ message: "nobody of that name" }, { status: 400 });
  const device = request.headers.get("user-agent") ?? "unknown";
  await Session.createNewSession(request, undefined, userId, {}, { device });
  return Response.json({ userId });
});
