import type { SessionContainer } from "@acme/session-core";
import type { FastifyRequest } from "fastify";

/**
 * A Fastify request that `verifySession` has seen: `session` is there, or undefined where it is optional. Under
 * `@fastify/session`, which has given `session` a type of its own, use `Session.of(request)`.
 */
export type SessionRequest<R extends FastifyRequest = FastifyRequest> = R & {
  session?: SessionContainer | undefined;
};
