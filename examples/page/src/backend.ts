/** What the routes of an example need; a bundler can take it, since it knows nothing of this folder on the disk. */
export { Accounts, type ListedSession, type SessionsOfUsers } from "./accounts.ts";
export { Lab, type LabFacts, type ReplayAnswer } from "./lab/lab.ts";
export { personIn } from "./people.ts";
