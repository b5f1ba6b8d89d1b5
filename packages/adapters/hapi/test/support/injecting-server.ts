import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server } from "@hapi/hapi";

/** A server that hands each request to `server.inject`, and the answer back line by line. */
export async function injectingServer(app: Server) {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const answer = await app.inject({
      method: req.method ?? "GET",
      url: req.url ?? "/",
      headers: req.headers as Record<string, string>,
      ...(chunks.length === 0 ? {} : { payload: Buffer.concat(chunks) }),
    });
    const { connection: _connection, "transfer-encoding": _encoding, ...headers } = answer.headers;
    res.writeHead(answer.statusCode, headers);
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
