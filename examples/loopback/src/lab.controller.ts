import type { SessionContext } from "@acme/session-loopback";
import { inject } from "@loopback/core";
import { get, post, RestBindings, requestBody } from "@loopback/rest";
import { lab, Session } from "./session.ts";

/** What the page needs to show in a minute what else takes an hour. */
export class LabController {
  constructor(@inject(RestBindings.Http.CONTEXT) private readonly ctx: SessionContext) {}

  @get("/lab")
  facts() {
    return lab.facts();
  }

  @post("/lab/advance")
  advance(@requestBody() body: unknown) {
    return lab.advance(body);
  }

  @post("/lab/meet")
  meet() {
    lab.letRefreshesMeet();
    return {};
  }

  @post("/lab/replay")
  async replay() {
    const session = await Session.getSession(this.ctx, this.ctx);
    return lab.replay(session.getHandle(), this.ctx.request.socket.localPort);
  }
}
