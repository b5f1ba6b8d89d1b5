import { createRequire } from "node:module";
import type { ErrorRequestHandler, RequestHandler } from "express";
import expressSession from "express-session";
import { afterEach, describe, expect, it } from "vitest";
import { startApp, type TestApp, versions } from "./support/express-app.js";

/** What is used of Passport. */
interface PassportLike {
  use(name: string, strategy: object): unknown;
  serializeUser(how: (user: unknown, done: (error: null, id: unknown) => void) => void): unknown;
  deserializeUser(how: (id: unknown, done: (error: null, user: unknown) => void) => void): unknown;
  authenticate(name: string): RequestHandler;
  session(): RequestHandler;
}
const { Passport, Strategy } = createRequire(import.meta.url)("passport") as {
  Passport: new () => PassportLike;
  Strategy: new () => object;
};

/** Passport as an application sets it up, with sessions of its own; everybody who comes is `paula`. */
function passportOf(): PassportLike {
  const passport = new Passport();
  const strategy = Object.assign(new Strategy(), {
    authenticate(this: { success(user: object): void }) {
      this.success({ id: "paula" });
    },
  });
  passport.use("always", strategy);
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id, done) => done(null, { id }));
  return passport;
}

const foreignSession = (): RequestHandler =>
  expressSession({ secret: "a secret", resave: false, saveUninitialized: false });

let app: TestApp;
afterEach(() => app.close());

describe.each(versions)("Passport and express-session beside us in %s", (_name, make) => {
  for (const order of ["before our guard", "after our guard"]) {
    it(`sign in and stay signed in, ${order}, when ours has a property of its own`, async () => {
      app = await startApp(
        make,
        (routes, session) => {
          const passport = passportOf();
          const theirs: RequestHandler[] = [foreignSession(), passport.session()];
          const ours = session.verifySession() as RequestHandler;
          const both = order === "before our guard" ? [...theirs, ours] : [ours, ...theirs];
          routes.get("/passport", ...both, passport.authenticate("always"), (req, res) => {
            res.json({ theirs: Reflect.get(req, "user"), ours: session.of(req)?.getUserId() });
          });
          routes.get("/both", ...both, (req, res) => {
            const auth: unknown = Reflect.get(req, "auth");
            const found = session.of(req);
            res.json({ theirs: Reflect.get(req, "user"), ours: auth === found && found?.getUserId() });
          });
        },
        { property: "auth" },
      );
      const browser = await app.signedIn();
      const wanted = { theirs: { id: "paula" }, ours: "user-1" };
      const first = await browser.get("/passport");
      expect([first.status, first.json]).toEqual([200, wanted]);
      expect((await browser.get("/both")).json).toEqual(wanted);
    });
  }

  it("without one, our guard leaves theirs alone and names the option that helps", async () => {
    const errors: unknown[] = [];
    const collect: ErrorRequestHandler = (error, _req, res, _next) => {
      errors.push(error);
      res.status(500).end();
    };
    app = await startApp(make, (routes, session) => {
      routes.get(
        "/both",
        foreignSession(),
        session.verifySession({ onError: "next" }) as RequestHandler,
        collect,
      );
    });
    expect((await (await app.signedIn()).get("/both")).status).toBe(500);
    expect(errors).toEqual([
      expect.objectContaining({
        type: "INVALID_OPTION",
        message: expect.stringContaining('createSession({ property: "auth" })'),
      }),
    ]);
  });
});
