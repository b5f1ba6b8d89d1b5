import type { INestApplication, Type } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import type { Request, Response } from "express";
import type { FastifyReply, FastifyRequest } from "fastify";

export type PlatformRequest = Request | FastifyRequest;
export type PlatformResponse = Response | FastifyReply;

/** Where Nest's log goes, from `warn` on. */
export interface NestLog {
  warn(message: unknown): void;
  error(message: unknown): void;
}

export const platforms = ["express", "fastify"] as const;
export type Platform = (typeof platforms)[number];

export function createApp(
  platform: Platform,
  module: Type | { module: Type },
  { warn, error }: NestLog,
  fastify = new FastifyAdapter(),
): Promise<INestApplication> {
  const adapter = platform === "express" ? new ExpressAdapter() : fastify;
  return NestFactory.create(module, adapter as ExpressAdapter, {
    logger: { log() {}, debug() {}, verbose() {}, warn, error },
    abortOnError: false,
  });
}

/** @returns where it listens */
export async function listen(app: INestApplication): Promise<string> {
  await app.listen(0, "127.0.0.1");
  const { port } = app.getHttpServer().address() as { port: number };
  return `http://127.0.0.1:${port}`;
}
