import { runAdapterMisuse } from "@acme/session-conformance";
import { describe, it } from "vitest";
import { createSession } from "../src/index.js";

runAdapterMisuse(
  {
    createSession: createSession<object>,
    guards: { verifySession: (session, options) => session.verifySession(options) },
  },
  { describe, it },
);
