import { serveBuilt } from "../serve-built.ts";

const bundle = new URL("../../dist/astro/server/entry.mjs", import.meta.url).href;
const { handler } = await import(bundle);
await serveBuilt(handler);
