import { coldStartSuite } from "./cold-start.ts";
import { getSessionSuite } from "./get-session.ts";
import { httpSuite } from "./http.ts";
import { installSizeSuite } from "./install-size.ts";
import { memoryOfAMillionSuite, memorySuite } from "./memory.ts";
import { sizeSuite } from "./size.ts";
import { storeGrowthSuite } from "./store-growth.ts";
import { storeLoadSuite } from "./store-load.ts";
import { storesSuite } from "./stores.ts";
import type { Suite } from "./suite.ts";

/** Every suite, in the order in which the bench runs them. */
export const suites: readonly Suite[] = [
  getSessionSuite,
  httpSuite,
  memorySuite,
  memoryOfAMillionSuite,
  coldStartSuite,
  sizeSuite,
  installSizeSuite,
  storesSuite,
  storeGrowthSuite,
  storeLoadSuite,
];
