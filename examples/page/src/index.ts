import { join } from "node:path";

export { Lab, type LabFacts, type ReplayAnswer } from "./lab/lab.ts";

/** Folder of the built page: `index.html` and what it needs. */
export const pageDirectory: string = join(import.meta.dirname, "../dist");

/** Who can sign in. */
export const people: readonly string[] = ["ada", "grace", "linus"];
