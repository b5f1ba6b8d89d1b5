import Hapi from "@hapi/hapi";
import { Session } from "./session.js";

let server = Hapi.server({ port: 8000 });

server.route({
  path: "/like-comment",
  method: "post",
  handler: async (req, res) => {
    let session = await Session.getSession(req, res, { sessionRequired: false })

    if (session !== undefined) {
      let userId = session.getUserId();
      return { userId };
    } else {
      // user is not logged in...
      return { userId: null };
    }
    //...
  }
})

export { server };
