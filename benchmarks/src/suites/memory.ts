import { countAllocations } from "../child/count-allocations.ts";
import { runChild } from "../child/run-child.ts";
import { summarise } from "../measure.ts";
import { row } from "../row.ts";
import type { Suite } from "./suite.ts";

/** More tokens than the cache holds by default, so that the figure shows that it is bounded. */
const DISTINCT_TOKENS = 30_000;
const HELD_TOKENS = 10_000;
const MILLION = 1_000_000;

/** Heap taken by verified tokens and by verified requests. */
export const memorySuite: Suite = {
  name: "memory",
  title: "Memory: the cache of verified tokens, and what a request allocates",
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
    const grown = summarise(afterTokens(DISTINCT_TOKENS), [all.grownBytes]);
    const { cachedBytes, uncachedBytes } = await countAllocations();
    const cached = summarise("allocated by a verified request, cached", [cachedBytes]);
    const uncached = summarise("allocated by a verified request, not cached", [uncachedBytes]);
    return [
      ...[one, ten, hundred, grown].map((measured) => row("memory", measured, one, "bytes")),
      ...[cached, uncached].map((measured) => row("memory of a request", measured, cached, "bytes")),
    ];
  },
};

/** The same bound after a million users: it takes about three minutes to sign their tokens. */
export const memoryOfAMillionSuite: Suite = {
  name: "memory-million",
  title: "Memory of the cache after 1 000 000 distinct tokens",
  packages: [],
  needs: "three minutes",
  async run() {
    const few = await heap(DISTINCT_TOKENS, HELD_TOKENS, 1);
    const many = await heap(MILLION, HELD_TOKENS, 1);
    const grown = [
      summarise(afterTokens(DISTINCT_TOKENS), [few.grownBytes]),
      summarise(afterTokens(MILLION), [many.grownBytes]),
    ];
    return grown.map((measured) => row("memory", measured, grown[0] ?? measured, "bytes"));
  },
};

function afterTokens(distinct: number): string {
  return `heap after ${distinct} distinct tokens, at most ${HELD_TOKENS} kept`;
}

async function heap(tokens: number, maxEntries: number, claims: number) {
  const printed = await runChild("memory.ts", [tokens, maxEntries, claims].map(String), ["--expose-gc"]);
  return printed as { grownBytes: number; perTokenBytes: number };
}
