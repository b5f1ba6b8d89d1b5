import { runChild } from "../child/run-child.ts";
import { summarise } from "../measure.ts";
import { row } from "../row.ts";
import type { Suite } from "./suite.ts";

/** More tokens than the cache holds by default, so that the second figure shows that it is bounded. */
const DISTINCT_TOKENS = 30_000;
const HELD_TOKENS = 10_000;

/** Heap taken by verified tokens; docs/performance.md says how to do it with 1 000 000 of them. */
export const memorySuite: Suite = {
  name: "memory",
  title: "Memory of the cache of verified tokens",
  packages: [],
  async run() {
    const perToken = async (name: string, tokens: number, claims: number) => {
      const { perTokenBytes } = await heap(tokens, HELD_TOKENS, claims);
      return summarise(name, [perTokenBytes]);
    };
    const one = await perToken("one cached token, 1 claim", HELD_TOKENS / 2, 1);
    const ten = await perToken("one cached token, 10 claims", HELD_TOKENS / 2, 10);
    const hundred = await perToken("one cached token, 100 claims", HELD_TOKENS / 2, 100);
    const all = await heap(DISTINCT_TOKENS, HELD_TOKENS, 1);
    const grown = summarise(`heap after ${DISTINCT_TOKENS} distinct tokens, ${HELD_TOKENS} kept`, [
      all.grownBytes,
    ]);
    return [one, ten, hundred, grown].map((measured) => row("memory", measured, one, "bytes"));
  },
};

async function heap(tokens: number, maxEntries: number, claims: number) {
  const printed = await runChild("memory.ts", [tokens, maxEntries, claims].map(String), ["--expose-gc"]);
  return printed as { grownBytes: number; perTokenBytes: number };
}
