import { getSessionSuite } from "./get-session.ts";
import type { Suite } from "./suite.ts";

/** Every suite, in the order in which the bench runs them. */
export const suites: readonly Suite[] = [getSessionSuite];
