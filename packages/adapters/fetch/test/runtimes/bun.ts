import { fetch } from "./host.js";

declare const Bun: {
  serve(options: { fetch: typeof fetch; port: number; hostname: string }): { port: number };
};

console.log(`port ${Bun.serve({ fetch, port: 0, hostname: "127.0.0.1" }).port}`);
