import { runChild } from "./run-child.ts";

/** Interpreter only, and a young generation that is not collected while 2000 requests fill it. */
const NODE_ARGS = [
  "--expose-gc",
  "--no-opt",
  "--no-maglev",
  "--no-sparkplug",
  "--min-semi-space-size=64",
  "--max-semi-space-size=64",
];

/** Bytes of heap that one verified request takes until the garbage collector comes. */
export async function countAllocations(): Promise<{ cachedBytes: number; uncachedBytes: number }> {
  return (await runChild("allocations.ts", [], NODE_ARGS)) as { cachedBytes: number; uncachedBytes: number };
}
