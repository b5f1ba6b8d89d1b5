import { runAdapterConformance } from "@acme/session-conformance";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { functionHarness } from "./support/fixture-function.js";
import { BUFFERED, WITHOUT } from "./support/left-out.js";

const ONE_LINE = "one Set-Cookie line fits: see AW-02";
const NEEDS_TWO_LINES = [
  "C-13",
  "C-20",
  "C-21",
  "C-23",
  "C-24",
  "C-25",
  "C-26",
  "C-28",
  "C-33",
  "C-35",
  "C-47",
  "C-62",
];
const NEEDS_A_REFRESH_COOKIE = [
  "C-30",
  "C-44",
  "C-45",
  "C-46",
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
