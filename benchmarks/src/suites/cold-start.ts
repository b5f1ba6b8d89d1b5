import { runChild } from "../child/run-child.ts";
import { summarise } from "../measure.ts";
import { row } from "../row.ts";
import type { Suite } from "./suite.ts";

const CASES = {
  "ours, memory store": "ours",
  "ours, SQLite, its file made": "ours-sqlite",
  "ours, verification alone": "ours-verify-only",
  "supertokens-node": "supertokens",
  "better-auth, twice": "better-auth",
  "iron-session": "iron-session",
  "express-session, memory": "express-session",
  "jose, jwtVerify alone": "jose",
} as const;

/** From an empty process to the first verified request, making a key and signing a token included. CPU time. */
export const coldStartSuite: Suite = {
  name: "cold-start",
  title: "Cold start: import to first verified request, CPU time",
  packages: ["supertokens-node", "better-auth", "iron-session", "express-session", "jose"],
  async run({ rounds }) {
    const samples = Object.values(CASES).map((): number[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, argument] of Object.values(CASES).entries()) {
        samples[index]?.push((await runChild("cold-start.ts", [argument])) as number);
      }
    }
    const measured = Object.keys(CASES).map((name, index) => summarise(name, samples[index] ?? []));
    const [ours] = measured;
    if (ours === undefined) throw new Error("nothing was measured");
    return measured.map((one) => row("cold-start", one, ours, "ms"));
  },
};
