import { join } from "node:path";

export * from "./backend.ts";
export { type ExampleServer, type Place, runExample } from "./run-example.ts";

/** Folder of the built page: `index.html` and what it needs. */
export const pageDirectory: string = join(import.meta.dirname, "../dist");
