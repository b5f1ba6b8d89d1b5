import Hapi from "@hapi/hapi";
import { Session } from "./session.js";
import { UserRoles } from "./session.js";

let server = Hapi.server({ port: 8000 });

server.route({
  path: "/like-comment",
  method: "post",
  handler: async (req, res) => {
    let session = await Session.getSession(req, res, {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
        // UserRoles.PermissionClaim.validators.includes("edit")
      ]
    });

    if (session === undefined) {
      throw Error("Should never come here")
    }

    let userId = session.getUserId();
    //...
    return { userId };
  }
})

export { server };
