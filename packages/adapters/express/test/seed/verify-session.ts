import { VerifySessionOptions } from "@acme/session-express";
import { errorHandler } from "./session.js";
import { NextFunction, Request, Response } from "express";
import { Session } from "./session.js";
import { Error as SuperTokensError } from "@acme/session-express";

function verifySession(options?: VerifySessionOptions) {
  return async (req: Request, res: Response, next: NextFunction) => {
    try {
      if (options?.sessionRequired === false) {
        (req as any).session = await Session.getSession(req, res, {
          antiCsrfCheck: options?.antiCsrfCheck,
          overrideGlobalClaimValidators: options?.overrideGlobalClaimValidators,
          sessionRequired: false
        });
      } else {
        (req as any).session = await Session.getSession(req, res, {
          antiCsrfCheck: options?.antiCsrfCheck,
          overrideGlobalClaimValidators: options?.overrideGlobalClaimValidators,
          sessionRequired: true
        });
      }
      next();
    } catch (err) {
      if (SuperTokensError.isErrorFromSuperTokens(err)) {
        if (err.type === Session.Error.TRY_REFRESH_TOKEN) {
          // This means that the session exists, but the access token
          // has expired.

          // You can handle this in a custom way by sending a 401.
          // Or you can call the errorHandler middleware as shown below
        } else if (err.type === Session.Error.UNAUTHORISED) {
          // This means that the session does not exist anymore.

          // You can handle this in a custom way by sending a 401.
          // Or you can call the errorHandler middleware as shown below
        } else if (err.type === Session.Error.TOKEN_THEFT_DETECTED) {
          // Session hijacking attempted. You should revoke the session
          // using Session.revokeSession fucntion and send a 401
        } else if (err.type === Session.Error.INVALID_CLAIMS) {
          // The user is missing some required claim.
          // You can pass the missing claims to the frontend and handle it there
        }

        // OR you can use this errorHandler which will
        // handle all of the above errors in the default way
        errorHandler()(err, req, res, (err) => {
          next(err)
        })
      } else {
        next(err)
      }
    }
  };
}

export { verifySession };
