import type { NextRequest } from "next/server";
import { sessionOf } from "../../../../lib/session";

export async function POST(request: NextRequest, { params }: { params: Promise<{ kind: string }> }) {
  const { kind } = await params;
  return sessionOf(kind).routeHandlers.POST(request);
}
