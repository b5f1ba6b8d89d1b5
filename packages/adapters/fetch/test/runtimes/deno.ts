import { useUpgrade } from "../support/outcomes.js";
import { fetch } from "./host.js";

declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: typeof fetch,
  ): {
    addr: { port: number };
  };
  upgradeWebSocket(request: Request): { socket: WebSocket; response: Response };
};

useUpgrade((request, greeting) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.addEventListener("open", () => socket.send(greeting));
  return response;
});

console.log(`port ${Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, fetch).addr.port}`);
