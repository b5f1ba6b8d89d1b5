import { createRequestListener } from "@react-router/node";
import { serveBuilt } from "../serve-built.ts";

const bundle = new URL("../../dist/react-router/server/index.js", import.meta.url).href;
await serveBuilt(createRequestListener({ build: await import(bundle) }));
