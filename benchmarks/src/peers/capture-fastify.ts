import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";

export interface Captured {
  request: FastifyRequest;
  reply: FastifyReply;
}

/**
 * One request and reply of a real Fastify, caught in a handler and kept: what its plugins do per request can then be
 * called over and over without paying for HTTP or for routing.
 */
export async function captureFastify(
  headers: Record<string, string>,
  register: (app: FastifyInstance) => unknown,
): Promise<Captured & { close(): Promise<void> }> {
  const app = fastify({ logger: false });
  await register(app);
  let captured: Captured | undefined;
  app.get("/me", async (request, reply) => {
    captured = { request, reply };
    return {};
  });
  const answer = await app.inject({ method: "GET", url: "/me", headers });
  if (captured === undefined) throw new Error(`Fastify answered ${answer.statusCode}`);
  return { ...captured, close: () => app.close() };
}
