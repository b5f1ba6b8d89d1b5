import { Session } from "./session.js";
import { middleware } from "./session.js";
import { SessionEvent } from "@acme/session-aws-lambda";

async function likeComment(awsEvent: SessionEvent) {
  let session = await Session.getSession(awsEvent, awsEvent, { sessionRequired: false })

  if (session !== undefined) {
    let userId = session.getUserId();
    return { statusCode: 200, body: JSON.stringify({ userId }) };
  } else {
    // user is not logged in...
  }
  //....
  return { statusCode: 200, body: JSON.stringify({ userId: null }) };
};

export const handler = middleware(likeComment);
