import { NextRequest } from "next/server.js";
import { expect, it } from "vitest";
import { createSession, MemoryStore, silentLogger } from "../src/index.js";

type Context = { params: Promise<{ id: string }> };
const context: Context = { params: Promise.resolve({ id: "7" }) };

it("route and withSession take the type of their context in the same place", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger });
  const handlers = [
    session.route<Context>(async (_request, { params }) => Response.json({ ...(await params), by: null })),
    session.withSession<Context, false>(
      async (_request, { params }, found) =>
        Response.json({ ...(await params), by: found?.getUserId() ?? null }),
      { sessionRequired: false },
    ),
  ];
  for (const handler of handlers) {
    const response = await handler(new NextRequest("http://x.test/"), context);
    expect(await response.json()).toEqual({ id: "7", by: null });
  }
  const guarded = session.withSession<Context>(async (_request, { params }, found) =>
    Response.json({ ...(await params), by: found.getUserId() }),
  );
  expect((await guarded(new NextRequest("http://x.test/"), context)).status).toBe(401);
  await session.close();
});
