import type { NextApiRequest, NextApiResponse } from "next";
import { loaded, sessionOf } from "../../../lib/session";

export default async function me(req: NextApiRequest, res: NextApiResponse): Promise<void> {
  const session = sessionOf(req.query.kind);
  const handler = session.apiHandler(async () => {
    const found = await session.getSession(req, res, { checkDatabase: true });
    res.json({ userId: found.getUserId(), loaded });
  });
  await handler(req, res);
}
