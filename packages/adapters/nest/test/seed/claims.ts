import { Controller, Post, UseGuards, Req, Res } from "@nestjs/common";
import type { Request, Response } from "express";
import { Session } from "./session.js";
import { UserRoles } from "./session.js";

export const seen: string[] = [];

@Controller()
export class ExampleController {
  @Post('example')
  async postExample(@Req() req: Request, @Res({ passthrough: true }) res: Response): Promise<boolean> {
    // This should be done inside a parameter decorator, for more information please read our NestJS guide.
    const session = await Session.getSession(req, res, {
      overrideGlobalClaimValidators: async (globalValidators) => [
        ...globalValidators,
        UserRoles.UserRoleClaim.validators.includes("admin"),
        // UserRoles.PermissionClaim.validators.includes("edit")
      ]
    });

    if (session === undefined) {
      throw Error("Should never come here")
    }

    const userId = session.getUserId();
    //....
    seen.push(userId);
    return true;
  }
}
