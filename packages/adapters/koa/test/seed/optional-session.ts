import KoaRouter from "koa-router";
import { Session } from "./session.js";

let router = new KoaRouter();

router.post("/like-comment", async (ctx, next) => {
  let session = await Session.getSession(ctx, ctx, { sessionRequired: false })

  if (session !== undefined) {
    let userId = session.getUserId();
    ctx.body = { userId };
  } else {
    // user is not logged in...
    ctx.body = { userId: null };
  }
  //....
});

export { router };
