import { Hono } from "hono";
import { expect, it } from "vitest";
import { createSession, MemoryStore, silentLogger } from "../src/index.js";

it("a guard leaves c.var.session alone where another middleware owns it, and replaces its own", async () => {
  const session = createSession({ store: new MemoryStore(), logger: silentLogger, tokenTransfer: "header" });
  const app = new Hono();
  const errors: unknown[] = [];
  app.onError((error, c) => {
    errors.push(error);
    return c.text("failed", 500);
  });
  app.use(session.middleware());
  app.get("/login", async (c) => {
    await session.createNewSession(c, "user-1");
    return c.text("ok");
  });
  app.use("/theirs", async (c, next) => {
    c.set("session" as never, { theirs: true } as never);
    await next();
  });
  app.get("/theirs", session.verifySession(), (c) => c.text("ran"));
  app.get("/ours", session.verifySession(), session.verifySession({ checkDatabase: true }), (c) =>
    c.text(c.var.session.getUserId()),
  );
  const token = (await app.request("/login")).headers.get("st-access-token");
  const headers = { authorization: `Bearer ${token}` };
  expect(await (await app.request("/ours", { headers })).text()).toBe("user-1");
  expect((await app.request("/theirs", { headers })).status).toBe(500);
  expect(errors).toEqual([
    expect.objectContaining({
      type: "INVALID_ARGUMENT",
      message: expect.stringContaining("Session.getSession(c)"),
    }),
  ]);
  await session.close();
});
