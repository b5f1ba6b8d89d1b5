import { type SessionContainer, SessionGuard } from "@acme/session-nest";
import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from "@nestjs/common";
import type { Request } from "express";
import { lab, Session } from "./session.ts";

/** What the page needs to show in a minute what else takes an hour. */
@Controller("lab")
export class LabController {
  @Get()
  facts() {
    return lab.facts();
  }

  @Post("advance")
  @HttpCode(200)
  advance(@Body() body: unknown) {
    return lab.advance(body);
  }

  @Post("meet")
  @HttpCode(200)
  meet() {
    lab.letRefreshesMeet();
    return {};
  }

  @Post("replay")
  @UseGuards(SessionGuard)
  @HttpCode(200)
  replay(@Session() session: SessionContainer, @Req() req: Request) {
    return lab.replay(session.getHandle(), req.socket.localPort);
  }
}
