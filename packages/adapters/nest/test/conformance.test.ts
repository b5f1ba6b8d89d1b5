import { runAdapterConformance } from "@acme/session-conformance";
import { describe, it } from "vitest";
import { harness } from "./support/fixture-harness.js";
import { platforms } from "./support/platforms.js";

for (const platform of platforms)
  runAdapterConformance(harness(`nest12-${platform}`, platform), { describe, it });
