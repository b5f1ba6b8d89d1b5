import { join } from "node:path";

export { Accounts, type ListedSession, type SessionsOfUsers } from "./accounts.ts";
export { Lab, type LabFacts, type ReplayAnswer } from "./lab/lab.ts";
export { personIn } from "./people.ts";
export { type ExampleServer, type Place, runExample } from "./run-example.ts";

/** Folder of the built page: `index.html` and what it needs. */
export const pageDirectory: string = join(import.meta.dirname, "../dist");
