import { inject } from "@loopback/core";
import { RestBindings, MiddlewareContext, post, response } from "@loopback/rest";
import { Session } from "./session.js";

class LikeComment {
  constructor(@inject(RestBindings.Http.CONTEXT) private ctx: MiddlewareContext) { }
  @post("/like-comment")
  @response(200)
  async handler() {
    let session = await Session.getSession(this.ctx, this.ctx, { sessionRequired: false })

    if (session !== undefined) {
      let userId = session.getUserId();
      return { userId };
    } else {
      // user is not logged in...
      return { userId: null };
    }
    //....
  }
}

export { LikeComment };
