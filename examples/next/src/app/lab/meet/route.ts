import { lab } from "../../../lib/session.ts";

export async function POST(): Promise<Response> {
  lab.letRefreshesMeet();
  return Response.json({});
}
