import { Session } from "./session.js";
import { middleware } from "./session.js";
import { SessionEvent } from "@acme/session-aws-lambda";
import { UserRoles } from "./session.js";

async function likeComment(awsEvent: SessionEvent) {
  let session = await Session.getSession(awsEvent, awsEvent, {
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
  //....
  return { statusCode: 200, body: JSON.stringify({ userId }) };
};

export const handler = middleware(likeComment);
