import type { NextRequest } from "next/server";
import { loaded, sessionOf } from "../../../lib/session";

export async function GET(request: NextRequest, context: { params: Promise<{ kind: string }> }) {
  const handler = sessionOf((await context.params).kind).withSession(
    async (_request, _context, session) => Response.json({ userId: session.getUserId(), loaded }),
    { checkDatabase: true },
  );
  return handler(request, context);
}
