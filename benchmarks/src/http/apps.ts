import type { HttpApp } from "./app.ts";
import { expressApps } from "./express-apps.ts";
import { fastifyApps } from "./fastify-apps.ts";
import { honoApps } from "./hono-apps.ts";
import { nodeApps } from "./node-apps.ts";

export const apps: readonly HttpApp[] = [...expressApps, ...fastifyApps, ...honoApps, ...nodeApps];
