import type { ClaimEndpoint } from "../claims/claim-endpoint.js";
import type { ResolvedConfig } from "../config/resolve-options.js";
import type { SessionApis } from "../config/session-options.js";
import type { SessionEngine } from "../session/engine.js";
import type { CleanUp } from "./clean-up.js";

/** One instance: what all flows share. Adapters pass it on and never look inside. */
export interface SessionCore {
  readonly config: ResolvedConfig;
  readonly engine: SessionEngine;
  /** Our endpoints after `override.apis`. */
  readonly apis: SessionApis;
  /** Whether the application replaced session functions: then the guard calls them instead of its own fast path. */
  readonly hasOverriddenFunctions: boolean;
  /** Whether `override.apis` stands between a guard and the session. */
  readonly hasOverriddenVerifySession: boolean;
  /** Whether any request has validators to pass without asking for them itself. */
  readonly hasGlobalValidators: boolean;
  /** What plugins serve beside our own endpoints. */
  readonly claimEndpoints: readonly ClaimEndpoint[];
  readonly cleanUp: CleanUp;
  /** Where option `debug` writes; undefined without it. */
  readonly trace: ((line: string) => void) | undefined;
}
