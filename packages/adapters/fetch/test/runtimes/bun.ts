import { useUpgrade } from "../support/outcomes.js";
import { fetch } from "./host.js";

interface Server {
  readonly port: number;
  upgrade(request: Request, options: { data: string }): boolean;
}
declare const Bun: {
  serve(options: {
    fetch: typeof fetch;
    port: number;
    hostname: string;
    websocket: { open(socket: { readonly data: string; send(text: string): void }): void; message(): void };
  }): Server;
};

const server = Bun.serve({
  fetch,
  port: 0,
  hostname: "127.0.0.1",
  websocket: { open: (socket) => socket.send(socket.data), message() {} },
});
useUpgrade((request, greeting) => {
  server.upgrade(request, { data: greeting });
  return undefined;
});
console.log(`port ${server.port}`);
