import { Hono } from "hono";
import type { HonoSession, VerifySessionOptions } from "../src/index.js";

declare const maybe: boolean;
declare const unknownOptions: VerifySessionOptions;

/** Checked by `tsc`, never run: whether there is a session. */
export function sessions(Session: HonoSession): void {
  const app = new Hono();
  app.get("/guarded", Session.verifySession(), (c) => c.text(c.var.session.getUserId()));
  app.get("/", async (c) => {
    (await Session.getSession(c)).getUserId();
    (await Session.getSession(c, { overrideGlobalClaimValidators: (globals) => [...globals] })).getUserId();
    (await Session.getSession(c, { checkDatabase: true })).getUserId();
    const found = await Session.getSession(c, {
      sessionRequired: false,
      overrideGlobalClaimValidators: (globals) => [...globals],
    });
    // @ts-expect-error there may be none
    found.getUserId();
    // @ts-expect-error not known
    (await Session.getSession(c, { sessionRequired: maybe })).getUserId();
    // @ts-expect-error not known
    (await Session.getSession(c, unknownOptions)).getUserId();
    return c.text(found?.getUserId() ?? "nobody");
  });
}
