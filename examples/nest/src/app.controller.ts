import { personIn } from "@acme/example-page";
import { PublicAccess, type SessionContainer, SessionGuard, VerifySession } from "@acme/session-nest";
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  Post,
  Req,
  Res,
  UseGuards,
} from "@nestjs/common";
import type { Request, Response } from "express";
import { accounts, Session, UserRoles } from "./session.ts";

@Controller()
@UseGuards(SessionGuard)
export class AppController {
  @Post("login")
  @PublicAccess()
  @HttpCode(200)
  async login(@Body() body: unknown, @Req() req: Request, @Res({ passthrough: true }) res: Response) {
    const userId = personIn(body);
    if (userId === undefined) throw new BadRequestException("nobody of that name");
    await Session.createNewSession(req, res, userId, {}, { device: req.get("user-agent") ?? "unknown" });
    return { userId };
  }

  @Get("protected")
  protected(@Session() session: SessionContainer) {
    return { userId: session.getUserId() };
  }

  @Get("optional")
  @VerifySession({ sessionRequired: false })
  optional(@Session() session?: SessionContainer) {
    return { userId: session?.getUserId() ?? null };
  }

  @Get("admin")
  @VerifySession({
    overrideGlobalClaimValidators: async (globalValidators) => [
      ...globalValidators,
      UserRoles.UserRoleClaim.validators.includes("admin"),
    ],
  })
  admin(@Session() session: SessionContainer) {
    return { userId: session.getUserId(), secret: 42 };
  }

  @Post("role")
  @HttpCode(200)
  role(@Session() session: SessionContainer, @Body() body: unknown) {
    return accounts.setAdministrator(session, body);
  }

  @Get("sessions")
  @VerifySession({ checkDatabase: true })
  sessions(@Session() session: SessionContainer) {
    return accounts.list(session);
  }

  @Post("sessions")
  async signInElsewhere(@Session() session: SessionContainer) {
    await accounts.signInElsewhere(session);
    return {};
  }

  @Post("sessions/revoke")
  @HttpCode(200)
  revoke(@Session() session: SessionContainer, @Body() body: unknown) {
    return accounts.revoke(session, body);
  }
}
