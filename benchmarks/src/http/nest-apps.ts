import "reflect-metadata";
import {
  createSession,
  type NestSession,
  type SessionContainer,
  SessionGuard,
  SessionModule,
  silentLogger,
} from "@acme/session-nest";
import {
  type CanActivate,
  Controller,
  createParamDecorator,
  type DynamicModule,
  Get,
  Injectable,
  Module,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { HttpApp } from "./app.ts";
import { appInfo, signedToken, tokenHeaders, USER } from "./tokens.ts";

const platforms = { Express: () => new ExpressAdapter(), Fastify: () => new FastifyAdapter() } as const;

interface Guarding {
  guard: new (...injected: never[]) => CanActivate;
  param(): ParameterDecorator;
  imports: DynamicModule[];
  idOf(param: unknown): unknown;
}

class EmptyGuard implements CanActivate {
  async canActivate(): Promise<boolean> {
    return true;
  }
}
Injectable()(EmptyGuard);

/** What the framework takes for any guard at all, and for any parameter that is looked for. */
const empty: Guarding = {
  guard: EmptyGuard,
  param: createParamDecorator(async () => USER),
  imports: [],
  idOf: (param) => param,
};

const by = (session: NestSession): Guarding => ({
  guard: SessionGuard,
  param: session,
  imports: [SessionModule.forRoot({ session })],
  idOf: (param) => (param as SessionContainer).getUserId(),
});

/** The decorators are called by hand: what runs here is JavaScript whose types were only taken away. */
function moduleWith(guarding: Guarding | undefined): new () => object {
  class MeController {
    me(param?: unknown) {
      return { id: guarding === undefined ? USER : guarding.idOf(param) };
    }
  }
  const method = Object.getOwnPropertyDescriptor(MeController.prototype, "me") as PropertyDescriptor;
  Get("me")(MeController.prototype, "me", method);
  if (guarding !== undefined) {
    UseGuards(guarding.guard)(MeController.prototype, "me", method);
    guarding.param()(MeController.prototype, "me", 0);
  }
  Controller()(MeController);
  class AppModule {}
  Module({ imports: guarding?.imports ?? [], controllers: [MeController] })(AppModule);
  return AppModule;
}

async function started(platform: keyof typeof platforms, guarding?: Guarding): Promise<number> {
  const adapter = platforms[platform]() as ExpressAdapter;
  const app = await NestFactory.create(moduleWith(guarding), adapter, { logger: false });
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
      name: `Nest on ${platform}, an empty guard`,
      unguarded,
      async start() {
        const { signed } = await signedToken();
        return { port: await started(platform, empty), headers: tokenHeaders(signed) };
      },
    },
    {
      name: `Nest on ${platform}, ours`,
      unguarded,
      async start() {
        const { store, signed } = await signedToken();
        const session = createSession({ appInfo, logger: silentLogger, allowTestValues: true, store });
        return { port: await started(platform, by(session)), headers: tokenHeaders(signed) };
      },
    },
  ];
});
