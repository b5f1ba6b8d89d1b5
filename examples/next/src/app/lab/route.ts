import { connection } from "next/server";
import { lab } from "../../lib/session.ts";

// The lab: what the page needs to show in a minute what else takes an hour.
export async function GET(): Promise<Response> {
  await connection();
  return Response.json(lab.facts());
}
