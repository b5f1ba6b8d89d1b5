import Fastify from "fastify";
import { Session } from "./session.js";

let fastify = Fastify();

fastify.post("/like-comment", async (req, res) => {
  let session = await Session.getSession(req, res, { sessionRequired: false })

  if (session !== undefined) {
    let userId = session.getUserId();
    return { userId };
  } else {
    // user is not logged in...
    return { userId: null };
  }
  //....
});

export { fastify };
