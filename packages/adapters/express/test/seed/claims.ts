import express from "express";
import { Session } from "./session.js";
import { UserRoles } from "./session.js";

let app = express();

app.post("/like-comment", async (req, res, next) => {
  try {
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
    //....
    res.json({ userId });
  } catch (err) {
    next(err)
  }
});

export { app };
