import { serveBuilt } from "../serve-built.ts";

const bundle = new URL("../../dist/sveltekit/handler.js", import.meta.url).href;
const { handler } = await import(bundle);
await serveBuilt(handler);
