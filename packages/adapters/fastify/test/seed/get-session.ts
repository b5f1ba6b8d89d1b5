import Fastify from "fastify";
import { Session } from "./session.js";

let fastify = Fastify();

fastify.post("/like-comment", async (req, res) => {
  let session = await Session.getSession(req, res);

  if (session === undefined) {
    throw Error("Should never come here")
  }

  let userId = session.getUserId();
  //....
  return { userId };
});

export { fastify };
