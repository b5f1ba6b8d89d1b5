import "reflect-metadata";
import {
  createSession,
  type NestSession,
  type SessionContainer,
  SessionGuard,
  SessionModule,
  silentLogger,
} from "@acme/session-nest";
import { Controller, Get, Module, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { HttpApp } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const platforms = { Express: () => new ExpressAdapter(), Fastify: () => new FastifyAdapter() } as const;

/** The decorators are called by hand: what runs here is JavaScript whose types were only taken away. */
function moduleWith(session: NestSession | undefined): new () => object {
  class MeController {
    me(found?: SessionContainer) {
      return { id: session === undefined ? USER : found?.getUserId() };
    }
  }
  const method = Object.getOwnPropertyDescriptor(MeController.prototype, "me") as PropertyDescriptor;
  Get("me")(MeController.prototype, "me", method);
  if (session !== undefined) {
    UseGuards(SessionGuard)(MeController.prototype, "me", method);
    session()(MeController.prototype, "me", 0);
  }
  Controller()(MeController);
  class AppModule {}
  Module({
    imports: session === undefined ? [] : [SessionModule.forRoot({ session })],
    controllers: [MeController],
  })(AppModule);
  return AppModule;
}

async function started(platform: keyof typeof platforms, session?: NestSession): Promise<number> {
  const adapter = platforms[platform]() as ExpressAdapter;
  const app = await NestFactory.create(moduleWith(session), adapter, { logger: false });
  await app.listen(0, "127.0.0.1");
  return (app.getHttpServer().address() as { port: number }).port;
}

export const nestApps: HttpApp[] = (["Express", "Fastify"] as const).flatMap((platform) => {
  const unguarded = `Nest on ${platform}, unguarded`;
  return [
    {
      name: unguarded,
      unguarded,
      async start() {
        const { signed } = await signedToken();
        return { port: await started(platform), headers: tokenHeaders(signed) };
      },
    },
    {
      name: `Nest on ${platform}, ours`,
      unguarded,
      async start() {
        const { store, signed } = await signedToken();
        const session = createSession({ appInfo, logger: silentLogger, store });
        return { port: await started(platform, session), headers: tokenHeaders(signed) };
      },
    },
  ];
});
