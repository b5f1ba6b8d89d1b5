import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { FastifyInstance, InjectOptions } from "fastify";

/** A server that hands each request to `app.inject`, and the answer back line by line. */
export async function injectingServer(app: FastifyInstance) {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const answer = await app.inject({
      method: req.method as NonNullable<InjectOptions["method"]>,
      url: req.url ?? "/",
      headers: req.headers,
      ...(chunks.length === 0 ? {} : { payload: Buffer.concat(chunks) }),
    });
    res.writeHead(answer.statusCode, answer.headers);
    res.end(answer.rawPayload);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
