// What a verified request allocates: node --expose-gc … allocations.ts. Prints bytes per request, cached and not. Run by
// V8's interpreter alone the figures are the same to the byte each time, since no compiler takes an allocation away.
import { createSession, MemoryStore, silentLogger } from "@acme/session-express";
import { appInfo } from "../http/tokens.ts";
import { BenchRequest, BenchResponse, browserHeaders } from "../request.ts";

const REQUESTS = 2000;

const store = new MemoryStore();
const options = { appInfo, store, logger: silentLogger };
const cached = createSession(options);
const uncached = createSession({ ...options, verifiedTokenCache: false });
const created = await cached.createNewSessionWithoutRequestResponse("user-1", { plan: "pro" });
const headers = browserHeaders(`sAccessToken=${created.getAccessToken()}`);

const verifying = (session: typeof cached) => async (): Promise<void> => {
  for (let n = 0; n < REQUESTS; n++) {
    await session.getSession(new BenchRequest(headers), new BenchResponse());
  }
};
/** The request, the response and the promise of whoever asks are not ours. */
const asking = async (): Promise<void> => {
  for (let n = 0; n < REQUESTS; n++) {
    await answer(new BenchRequest(headers), new BenchResponse());
  }
};
const answer = async (...asked: unknown[]): Promise<unknown> => asked;

const floor = await bytesPerRequest(asking);
console.log(
  JSON.stringify({
    cachedBytes: (await bytesPerRequest(verifying(cached))) - floor,
    uncachedBytes: (await bytesPerRequest(verifying(uncached))) - floor,
  }),
);
process.exit();

async function bytesPerRequest(run: () => Promise<void>): Promise<number> {
  // Feedback vectors and tables that grow belong to no single request.
  await run();
  if (globalThis.gc === undefined) throw new Error("start this with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  await run();
  return Math.round((process.memoryUsage().heapUsed - before) / REQUESTS);
}
