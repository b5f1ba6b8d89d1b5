import { expressFramework } from "./express.ts";
import { fastifyFramework } from "./fastify.ts";
import type { Framework } from "./framework.ts";
import { hapiFramework } from "./hapi.ts";
import { honoFramework } from "./hono.ts";
import { koaFramework } from "./koa.ts";
import { nestFramework } from "./nest.ts";
import { nextFramework } from "./next.ts";

/** Those whose applications a real browser drives. */
export const frameworks: readonly Framework[] = [
  expressFramework,
  koaFramework,
  fastifyFramework,
  hapiFramework,
  honoFramework,
  nestFramework,
  nextFramework,
];
