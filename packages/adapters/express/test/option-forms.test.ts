import { optionForms } from "@acme/session-conformance";
import { createUserRoles } from "@acme/session-core/user-roles";
import express from "express";
import { expect, it } from "vitest";
import { type ExpressVerifyOptions, SessionError } from "../src/index.js";
import { startApp } from "./support/express-app.js";

const ADMINS: ExpressVerifyOptions = { roles: ["admin"], onError: "next" };

it.each(Object.entries(optionForms(ADMINS)))(
  "no user without the role gets into a route whose options are %s",
  async (_form, options) => {
    const app = await startApp(
      express,
      (routes, session) => {
        routes.get(
          "/handler",
          session.handler((_req, res) => void res.send("in"), options),
        );
        routes.get("/guard", session.verifySession(options), (_req, res) => void res.send("in"));
        routes.use((error: unknown, _req: unknown, res: express.Response, _next: unknown) => {
          res.status(403).send(SessionError.is(error) && `the application's: ${error.type}`);
        });
      },
      { plugins: [createUserRoles()] },
    );
    const user = await app.signedIn();
    for (const path of ["/handler", "/guard"])
      expect([path, (await user.get(path)).body]).toEqual([path, "the application's: INVALID_CLAIMS"]);
    await app.close();
  },
);
