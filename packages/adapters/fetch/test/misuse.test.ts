import { runAdapterMisuse } from "@acme/session-conformance";
import { describe, it } from "vitest";
import { createSession } from "../src/index.js";

runAdapterMisuse(
  {
    createSession: (options) => createSession(options),
    guards: {
      withSession: (session, options) =>
        session.withSession(new Request("http://127.0.0.1/x"), letIn, options),
    },
    perRequest: ["withSession"],
  },
  { describe, it },
);

function letIn(): never {
  throw new Error("the handler ran");
}
