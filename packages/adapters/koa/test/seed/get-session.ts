import KoaRouter from "koa-router";
import { Session } from "./session.js";

let router = new KoaRouter();

router.post("/like-comment", async (ctx, next) => {
  let session = await Session.getSession(ctx, ctx);

  if (session === undefined) {
    throw Error("Should never come here")
  }

  let userId = session.getUserId();
  //....
  ctx.body = { userId };
});

export { router };
