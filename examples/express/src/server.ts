import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { app } from "./app.ts";
import { Session } from "./session.ts";

const port = Number(process.env.PORT ?? 3000);
/** This machine only: anybody can sign in as anybody here. */
const host = process.env.HOST ?? "127.0.0.1";

const server = createServer(app);

server.on("error", (error: NodeJS.ErrnoException) => {
  const cause =
    error.code === "EADDRINUSE"
      ? `port ${port} is taken; choose another: PORT=3001 npm start`
      : error.message;
  console.error(`The demo cannot listen: ${cause}`);
  process.exit(1);
});

server.listen(port, host, () => {
  console.log(`Open http://localhost:${(server.address() as AddressInfo).port}  (Ctrl-C ends it)`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await Session.close();
    process.exit(0);
  });
}
