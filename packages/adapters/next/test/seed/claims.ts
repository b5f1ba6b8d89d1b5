import { superTokensNextWrapper } from "./session";
import { Session } from "./session";
import { SessionRequest } from "@acme/session-next";
import { UserRoles } from "./session";

export default async function likeComment(req: SessionRequest, res: any) {
  let session = await superTokensNextWrapper(
    async (next) => {
      return await Session.getSession(req, res, {
        overrideGlobalClaimValidators: async (globalValidators) => [
          ...globalValidators,
          UserRoles.UserRoleClaim.validators.includes("admin"),
          // UserRoles.PermissionClaim.validators.includes("edit")
        ]
      });
    },
    req,
    res
  )

  if (session === undefined) {
    throw Error("Should never come here")
  }

  let userId = session.getUserId();
  //....
  res.json({ userId });
}
