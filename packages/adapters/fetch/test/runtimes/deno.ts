import { fetch } from "./host.js";

declare const Deno: {
  serve(
    options: { port: number; hostname: string; onListen(): void },
    handler: typeof fetch,
  ): {
    addr: { port: number };
  };
};

console.log(`port ${Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, fetch).addr.port}`);
