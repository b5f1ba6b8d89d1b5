import { runAdapterConformance } from "@acme/session-conformance";
import { describe, it } from "vitest";
import { functionHarness } from "./support/fixture-function.js";
import { BUFFERED, WITHOUT } from "./support/left-out.js";
import { streamingHarness } from "./support/streaming-function.js";

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
