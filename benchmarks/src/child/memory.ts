// What verified tokens take: node --expose-gc memory.ts TOKENS MAX_ENTRIES CLAIMS. Prints the heap's growth in bytes per
// token that is held, and how many bytes the heap grew by altogether.
import { BenchRequest, BenchResponse, browserHeaders } from "../request.ts";
import { signedTokens } from "./signed-tokens.ts";

const [tokens = 0, maxEntries = 0, claims = 0] = process.argv.slice(2).map(Number);
const { session, nextToken } = await signedTokens(maxEntries, claims);
const verify = async (): Promise<void> => {
  const req = new BenchRequest(browserHeaders(`sAccessToken=${nextToken()}`));
  await session.getSession(req, new BenchResponse());
};
// Compiles everything, and fills maps that are not the cache.
for (let n = 0; n < 200; n++) await verify();
const before = heapBytes();
for (let n = 0; n < tokens; n++) await verify();
const grownBytes = heapBytes() - before;
console.log(JSON.stringify({ grownBytes, perTokenBytes: grownBytes / Math.min(tokens, maxEntries) }));
process.exit();

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error("start this with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
