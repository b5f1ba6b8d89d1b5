import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ClaimFetcher } from "../claims/claim-fetcher.js";
import { PrimitiveClaim } from "../claims/primitive-claim.js";
import { within } from "../store/store-operations.js";
import { PATIENCE_MS, patiently } from "./patience.js";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const fetching = (fetchValue: () => Promise<string>): Promise<unknown> =>
  new ClaimFetcher(
    () => 0,
    () => {},
  ).fetch(new PrimitiveClaim<string>({ key: "plan", fetchValue }), {
    userId: "u",
    recipeUserId: "u",
    tenantId: "public",
    sessionHandle: undefined,
    currentPayload: {},
    userContext: {},
    nowMs: 0,
    maxAgeInSeconds: undefined,
  });

const LIMITED: Record<string, (answer: Promise<string>) => Promise<unknown>> = {
  "a callback": (answer) => patiently("the callback", answer),
  "an operation of a store": (answer) => within(3_000, answer),
  "the fetch of a claim": (answer) => fetching(() => answer),
};

it.each(Object.entries(LIMITED))(
  "%s that has settled leaves no timer that keeps a process alive",
  async (_, limited) => {
    await limited(Promise.resolve("done"));
    await limited(Promise.reject(new Error("theirs"))).catch(() => {});
    expect(vi.getTimerCount()).toBe(0);
  },
);

it.each(Object.entries(LIMITED))("%s that never settles is not waited for", async (_, limited) => {
  const failure = limited(new Promise(() => {})).catch((error: Error) => error.name);
  await vi.advanceTimersByTimeAsync(PATIENCE_MS);
  expect(["TimeoutError", "StoreTimeout"]).toContain(await failure);
});
