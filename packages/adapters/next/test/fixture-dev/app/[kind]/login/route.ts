import type { NextRequest } from "next/server";
import { sessionOf } from "../../../lib/session";

export async function POST(request: NextRequest, context: { params: Promise<{ kind: string }> }) {
  const session = sessionOf((await context.params).kind);
  const handler = session.route(async () => {
    await session.createNewSession(request, undefined, "alice");
    return Response.json({});
  });
  return handler(request, context);
}
