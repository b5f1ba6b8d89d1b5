import { personIn } from "@acme/example-page";
import type { SessionContext } from "@acme/session-loopback";
import { inject, intercept } from "@loopback/core";
import { get, HttpErrors, post, RestBindings, requestBody } from "@loopback/rest";
import { accounts, Session, UserRoles } from "./session.ts";

export class AppController {
  constructor(@inject(RestBindings.Http.CONTEXT) private readonly ctx: SessionContext) {}

  @post("/login")
  async login(@requestBody() body: unknown) {
    const userId = personIn(body);
    if (userId === undefined) throw new HttpErrors.BadRequest("nobody of that name");
    const device = this.ctx.request.headers["user-agent"] ?? "unknown";
    await Session.createNewSession(this.ctx, this.ctx, userId, {}, { device });
    return { userId };
  }

  @intercept(Session.verifySession())
  @get("/protected")
  protected() {
    return { userId: this.ctx.session?.getUserId() };
  }

  @intercept(Session.verifySession({ sessionRequired: false }))
  @get("/optional")
  optional() {
    return { userId: this.ctx.session?.getUserId() ?? null };
  }

  @get("/admin")
  async admin() {
    const session = await Session.getSession(this.ctx, this.ctx, {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
      ],
    });
    return { userId: session.getUserId(), secret: 42 };
  }

  @post("/role")
  async role(@requestBody() body: unknown) {
    const session = await Session.getSession(this.ctx, this.ctx);
    return accounts.setAdministrator(session, body);
  }

  @get("/sessions")
  async sessions() {
    const session = await Session.getSession(this.ctx, this.ctx, { checkDatabase: true });
    return accounts.list(session);
  }

  @post("/sessions")
  async signInElsewhere() {
    const session = await Session.getSession(this.ctx, this.ctx);
    await accounts.signInElsewhere(session);
    this.ctx.response.status(201);
    return {};
  }

  @post("/sessions/revoke")
  async revoke(@requestBody() body: unknown) {
    const session = await Session.getSession(this.ctx, this.ctx);
    return accounts.revoke(session, body);
  }
}
