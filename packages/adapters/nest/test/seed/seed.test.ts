import { WireClient } from "@acme/session-conformance";
import { Controller, HttpCode, Module, Param, Post, Req, Res, type Type } from "@nestjs/common";
import type { Request, Response } from "express";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { SessionModule } from "../../src/index.js";
import { createApp, listen, platforms } from "../support/platforms.js";
import * as claims from "./claims.js";
import * as getSession from "./get-session.js";
import * as optionalSession from "./optional-session.js";
import { clock, Session, UserRoles } from "./session.js";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

@Controller()
class LoginController {
  @Post("login/:userId")
  @HttpCode(200)
  async login(
    @Req() req: Request,
    @Res({ passthrough: true }) res: Response,
    @Param("userId") userId: string,
  ): Promise<object> {
    await Session.createNewSession(req, res, userId);
    return {};
  }
}

beforeAll(async () => {
  await UserRoles.createNewRoleOrAddPermissions("admin", ["edit"]);
  await UserRoles.addRoleToUser("public", "alice", "admin");
});

describe.each(platforms)(
  "the seed page's code on %s, with Session from the application's own file",
  (platform) => {
    /** The snippet's controller, our module and a login. */
    async function serve(snippet: Type): Promise<WireClient> {
      @Module({
        imports: [SessionModule.forRoot({ session: Session })],
        controllers: [LoginController, snippet],
      })
      class AppModule {}

      const app = await createApp(platform, AppModule, { warn() {}, error() {} });
      const origin = await listen(app);
      closing.push(() => {
        app.getHttpServer().closeAllConnections();
        return app.close();
      });
      return new WireClient(origin);
    }

    it("getSession", async () => {
      getSession.seen.length = 0;
      const user = await serve(getSession.ExampleController);
      const anonymous = await user.post("/example", {});
      expect([anonymous.status, anonymous.body]).toEqual([401, '{"message":"unauthorised"}']);
      await user.post("/login/bob", {});
      expect((await user.post("/example", {})).body).toBe("true");
      clock.nowMs += 3_600_001;
      const expired = await user.post("/example", {});
      expect([expired.status, expired.body]).toEqual([401, '{"message":"try refresh token"}']);
      expect((await user.refresh()).status).toBe(200);
      expect((await user.post("/example", {})).body).toBe("true");
      expect(getSession.seen).toEqual(["bob", "bob"]);
    });

    it("getSession with sessionRequired: false", async () => {
      optionalSession.seen.length = 0;
      const user = await serve(optionalSession.ExampleController);
      await user.post("/example", {});
      await user.post("/login/bob", {});
      await user.post("/example", {});
      expect(optionalSession.seen).toEqual([undefined, "bob"]);
    });

    it("getSession with a claim validator", async () => {
      claims.seen.length = 0;
      const user = await serve(claims.ExampleController);
      await user.post("/login/bob", {});
      const denied = await user.post("/example", {});
      expect(denied.status).toBe(403);
      expect(denied.json).toMatchObject({
        message: "invalid claim",
        claimValidationErrors: [{ id: "st-role" }],
      });
      await user.post("/login/alice", {});
      expect((await user.post("/example", {})).body).toBe("true");
      expect(claims.seen).toEqual(["alice"]);
    });
  },
);
