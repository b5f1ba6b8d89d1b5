import type { createSession, NextSession } from "@acme/session-next";
import type { Route } from "../../browser/src/frameworks/framework.ts";

/** What the tests and the application tell each other; they run in one process. */
export interface Site {
  /** From the application's bundle. */
  createSession?: typeof createSession;
  /** From the tests. */
  mounted?: { readonly session: NextSession; readonly routes: readonly Route[] };
}

export const onGlobal = globalThis as { browserSite?: Site };
