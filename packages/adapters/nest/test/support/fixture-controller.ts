import { Readable } from "node:stream";
import type { FixtureApp, FixtureReply, FixtureRoute } from "@acme/session-conformance";
import {
  All,
  Controller,
  Get,
  HttpCode,
  Post,
  Req,
  Res,
  StreamableFile,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { type NestSession, type SessionContainer, SessionGuard, VerifySession } from "../../src/index.js";
import type { PlatformRequest, PlatformResponse } from "./platforms.js";

const METHODS = { GET: Get, POST: Post, ALL: All } as const;

/** The fixture's routes as methods of a controller, decorated as an application's are. */
export function fixtureController(fixture: FixtureApp, session: NestSession): Type {
  class FixtureController {}
  const prototype = FixtureController.prototype as unknown as Record<string, unknown>;
  for (const [index, route] of fixture.routes.entries()) {
    const key = `route${index}`;
    prototype[key] = handler(route, session);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
    METHODS[route.method](route.path)(prototype, key, descriptor);
    HttpCode(200)(prototype, key, descriptor);
    Req()(prototype, key, 0);
    Res({ passthrough: true })(prototype, key, 1);
    if (route.guard === undefined) continue;
    UseGuards(SessionGuard)(prototype, key, descriptor);
    VerifySession(route.guard)(prototype, key, descriptor);
    session()(prototype, key, 2);
  }
  Controller()(FixtureController);
  return FixtureController;
}

function handler(route: FixtureRoute, session: NestSession) {
  return async (
    req: PlatformRequest,
    res: PlatformResponse,
    guarded?: SessionContainer,
  ): Promise<unknown> => {
    const reply = await route.handle({
      body: req.body ?? {},
      query: new URLSearchParams(req.originalUrl.split("?")[1]),
      guarded,
      getSession: (options) => session.getSession(req, res, options),
      createNewSession: (userId, payload) => session.createNewSession(req, res, userId, payload),
      setCookie(name, value) {
        const line = `${name}=${encodeURIComponent(value)}; Path=/`;
        if ("cookie" in res) res.cookie(name, value);
        else res.header("set-cookie", line);
      },
      setHeader: (name, value) => void res.header(name, value),
    });
    return send(res, reply);
  };
}

function send(res: PlatformResponse, reply: FixtureReply): unknown {
  switch (reply.kind) {
    case "json":
      res.header("content-type", "application/json");
      return JSON.stringify(reply.body);
    case "empty":
    case "shared":
      res.status(204);
      return undefined;
    case "redirect":
      res.status(302);
      res.header("location", reply.location);
      return undefined;
    case "stream":
      return new StreamableFile(Readable.from(reply.pieces, { objectMode: false }), { type: "text/plain" });
  }
}
