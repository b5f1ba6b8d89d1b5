import { beforeEach, describe, expect, it } from "vitest";
import { TestClock } from "../../test/support/test-clock.js";
import { RefreshLimiter } from "./refresh-limiter.js";

let clock: TestClock;
let limiter: RefreshLimiter;
beforeEach(() => {
  clock = new TestClock();
  limiter = new RefreshLimiter(clock, 30, 60_000);
});

describe("the refresh limiter [sec D-05]", () => {
  it("lets 30 tokens of a session through in a minute, then says when the next one will pass", () => {
    for (let n = 0; n < 30; n += 1) limiter.count("h", `token-${n}`);
    clock.advanceMs(20_000);
    expect(() => limiter.count("h", "token-30")).toThrow(
      expect.objectContaining({ type: "RATE_LIMITED", status: 429, retryable: true, retryAfterMs: 40_000 }),
    );
    clock.advanceMs(40_000);
    limiter.count("h", "token-30");
  });

  it("does not count the same token again [sec CC-01]", () => {
    for (let n = 0; n < 29; n += 1) limiter.count("h", `token-${n}`);
    for (let n = 0; n < 1000; n += 1) limiter.count("h", "token-29");
    expect(() => limiter.count("h", "token-30")).toThrow();
    // Refused, it is still not the one that was let through last.
    limiter.count("h", "token-29");
    expect(() => limiter.count("h", "token-30")).toThrow();
  });

  it("counts sessions apart and remembers 10 000 of them [sec D-04]", () => {
    for (let n = 0; n < 30; n += 1) limiter.count("first", `token-${n}`);
    limiter.count("second", "token");
    expect(() => limiter.count("first", "token-30")).toThrow();
    for (let n = 0; n < 10_000; n += 1) limiter.count(`other-${n}`, "token");
    limiter.count("first", "token-30");
  });
});
