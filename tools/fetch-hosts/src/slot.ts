import type { HarnessOptions } from "@acme/session-conformance";
import type { Fixture } from "./fixture.ts";

/** Where a bundle leaves what starts an application with the packages inside of it. */
export const SLOT = Symbol.for("acme.fetch-hosts");

export const place = globalThis as { [SLOT]?: (options: HarnessOptions) => Fixture };
