import { lab } from "../../../lib/session.ts";

export async function POST(request: Request): Promise<Response> {
  return Response.json(lab.advance(await request.json()));
}
