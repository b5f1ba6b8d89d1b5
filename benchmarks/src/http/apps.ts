import type { HttpApp } from "./app.ts";
import { expressApps } from "./express-apps.ts";
import { fastifyApps } from "./fastify-apps.ts";
import { hapiApps } from "./hapi-apps.ts";
import { honoApps } from "./hono-apps.ts";
import { koaApps } from "./koa-apps.ts";
import { lambdaApps } from "./lambda-apps.ts";
import { loopbackApps } from "./loopback-apps.ts";
import { nestApps } from "./nest-apps.ts";
import { nextApps } from "./next-apps.ts";
import { nodeApps } from "./node-apps.ts";

export const apps: readonly HttpApp[] = [
  ...expressApps,
  ...fastifyApps,
  ...hapiApps,
  ...honoApps,
  ...koaApps,
  ...lambdaApps,
  ...loopbackApps,
  ...nestApps,
  ...nextApps,
  ...nodeApps,
];
