import type { RequestListener } from "node:http";
import {
  createSession,
  type NestSession,
  type SessionContainer,
  SessionGuard,
  SessionModule,
  VerifySession,
} from "@acme/session-nest";
import { Controller, Get, Module, Post, Req, Res, type Type, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { Request, Response } from "express";
import type { Framework, Route } from "./framework.ts";

const METHODS = { get: Get, post: Post } as const;

export const nestFramework: Framework = {
  name: "Nest",
  async mount(options, routesOf) {
    const session = createSession(options);
    class AppModule {}
    Module({
      imports: [SessionModule.forRoot({ session })],
      controllers: [controllerOf(session, routesOf(session))],
    })(AppModule);
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.init();
    return { session, listener: app.getHttpAdapter().getInstance() as RequestListener };
  },
};

/** The routes as methods of a controller; Node runs this file as it is, so that its decorators are called. */
function controllerOf(session: NestSession, routes: readonly Route[]): Type {
  class SiteController {}
  const prototype = SiteController.prototype as unknown as Record<string, unknown>;
  for (const [index, { method, path, guard, handle }] of routes.entries()) {
    const key = `route${index}`;
    prototype[key] = async (req: Request, res: Response, guarded?: SessionContainer) => {
      const { status = 200, body } = await handle({
        body: req.body ?? {},
        headers: req.headers,
        guarded,
        getSession: () => session.getSession(req, res),
        createNewSession: (userId, payload) => session.createNewSession(req, res, userId, payload),
      });
      res.status(status);
      return body;
    };
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
    METHODS[method](path)(prototype, key, descriptor);
    Req()(prototype, key, 0);
    Res({ passthrough: true })(prototype, key, 1);
    if (guard === undefined) continue;
    UseGuards(SessionGuard)(prototype, key, descriptor);
    VerifySession(guard)(prototype, key, descriptor);
    session()(prototype, key, 2);
  }
  Controller()(SiteController);
  return SiteController;
}
