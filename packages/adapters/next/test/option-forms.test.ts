import { optionForms } from "@acme/session-conformance";
import { createUserRoles } from "@acme/session-core/user-roles";
import { NextRequest } from "next/server.js";
import { expect, it } from "vitest";
import { createSession, MemoryStore, type ProxyOptions, silentLogger } from "../src/index.js";

it.each(Object.entries(optionForms<ProxyOptions>({ roles: ["admin"], redirectTo: "/login" })))(
  "no user without the role gets past a proxy whose options are %s, and a visitor goes where they say",
  async (_form, options) => {
    const session = createSession({
      appInfo: { appName: "forms", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
      store: new MemoryStore(),
      logger: silentLogger,
      plugins: [createUserRoles()],
    });
    const made = await session.createNewSessionWithoutRequestResponse("user-1");
    const ask = (headers: Record<string, string>) => new NextRequest("http://127.0.0.1/x", { headers });
    const user = { authorization: `Bearer ${made.getAccessToken()}` };
    expect((await session.proxy(ask(user), options)).status).toBe(403);
    const sent = await session.proxy(ask({}), options);
    expect(sent.headers.get("location")).toMatch(/\/login\?to=%2Fx$/);
    await session.close();
  },
);

it.each(Object.entries(optionForms({ roles: ["admin"] })))(
  "no user without the role gets into a route whose options are %s",
  async (_form, options) => {
    const session = createSession({
      appInfo: { appName: "forms", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
      store: new MemoryStore(),
      logger: silentLogger,
      plugins: [createUserRoles()],
    });
    const made = await session.createNewSessionWithoutRequestResponse("user-1");
    const headers = { authorization: `Bearer ${made.getAccessToken()}` };
    const guarded = session.withSession(() => new Response("in"), options);
    expect((await guarded(new NextRequest("http://127.0.0.1/x", { headers }), {})).status).toBe(403);
    await session.close();
  },
);
