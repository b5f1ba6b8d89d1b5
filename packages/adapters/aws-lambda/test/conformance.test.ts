import { runAdapterConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { functionHarness } from "./support/fixture-function.js";
import { streamingHarness } from "./support/streaming-function.js";

const results = "results are values: a function sends nothing before it has returned";
const WITHOUT = { stream: results, abort: "a function does not hear of a client that goes away" };
const BUFFERED = {
  "C-81": "the service reads the whole body, within its own limits, before it invokes the function",
};

for (const invoker of [
  "rest",
  "http-1.0",
  "http-2.0",
  "function-url",
  "alb-multi",
  "lattice",
  "netlify",
] as const) {
  runAdapterConformance(functionHarness(invoker, { without: WITHOUT, exceptions: BUFFERED }), {
    describe,
    it,
  });
}

const { abort } = WITHOUT;
runAdapterConformance(streamingHarness({ without: { abort }, exceptions: BUFFERED }), { describe, it });

const ONE_LINE = "one Set-Cookie line fits: see AW-02";
const NEEDS_TWO_LINES = ["C-20", "C-21", "C-23", "C-24", "C-25", "C-26", "C-28", "C-62"];
const NEEDS_A_REFRESH_COOKIE = [
  "C-30",
  "C-44",
  "C-50",
  "C-51",
  "C-52",
  "C-53",
  "C-54",
  "C-57",
  "C-58",
  "C-61",
  "C-82",
];

describe("in production", () => {
  beforeAll(() => void vi.stubEnv("NODE_ENV", "production"));
  afterAll(() => void vi.unstubAllEnvs());
  const exceptions = Object.fromEntries(
    [...NEEDS_TWO_LINES, ...NEEDS_A_REFRESH_COOKIE].map((id) => [id, ONE_LINE]),
  );
  runAdapterConformance(
    functionHarness("alb-single", {
      without: WITHOUT,
      exceptions: { ...BUFFERED, ...exceptions },
      ignoredWarning: /lambda\.multi_value_headers\.enabled/,
    }),
    { describe, it },
  );
});
