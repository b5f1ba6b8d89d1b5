import { join } from "node:path";
import { build } from "vite";

/** The published client and the test page's script, as one classic script. Built once per process. */
let bundled: Promise<string> | undefined;

export function clientBundle(): Promise<string> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      minify: false,
      lib: { entry: join(import.meta.dirname, "client/main.ts"), formats: ["iife"], name: "testPage" },
    },
  });
  const [output] = Array.isArray(result) ? result : [result];
  const [chunk] = output && "output" in output ? output.output : [];
  if (chunk?.type !== "chunk") throw new Error("Vite returned no script");
  return chunk.code;
}
