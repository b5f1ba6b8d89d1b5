import { pageDirectory } from "@acme/example-page";
import fastifyStatic from "@fastify/static";
import Fastify from "fastify";
import { routes } from "./routes.ts";
import { Session } from "./session.ts";

export const app = Fastify();

await app.register(Session.plugin); // serves refresh, sign-out, JWKS and discovery under /auth; answers our errors
await app.register(routes);
await app.register(fastifyStatic, { root: pageDirectory });
