import type { NextApiRequest, NextApiResponse } from "next";
import { sessionOf } from "../../../lib/session";

export default async function wrapped(req: NextApiRequest, res: NextApiResponse): Promise<void> {
  const session = sessionOf(req.query.kind);
  const handler = session.apiHandler(async () => {
    const found = await session.nextWrapper(() => session.getSession(req, res), req, res);
    res.json({ userId: found.getUserId() });
  });
  await handler(req, res);
}
