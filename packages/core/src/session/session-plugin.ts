import type { ClaimEndpoint } from "../claims/claim-endpoint.js";
import type { SessionClaimValidator } from "../claims/claim-validator.js";
import type { SessionClaim } from "../claims/session-claim.js";
import type { Clock } from "../runtime/clock.js";
import type { SafeLogger } from "../runtime/logger.js";
import type { SessionStore } from "../store/session-store.js";
import type { StoreFailure } from "../store/store-guard.js";
import type { SessionFunctions } from "./types.js";

/** A module that brings claims and validators, e.g. `createUserRoles()`. */
export interface SessionPlugin {
  readonly name: string;
  /** Known to the instance; built into every new session, in order, where the claim's policy says so. */
  readonly claims?: readonly SessionClaim<unknown>[] | undefined;
  /** Judged on every request, before the per-route override. */
  readonly globalClaimValidators?: readonly SessionClaimValidator[] | undefined;
  /** Served below the API's base path. */
  readonly endpoints?: readonly ClaimEndpoint[] | undefined;
  /** Called once, when the instance is made. */
  readonly attach?: ((host: PluginHost) => void) | undefined;
  /** Part of `Session.ready()`: resolves when what the plugin needs is there. */
  readonly ready?: (() => Promise<void>) | undefined;
}

/** What a plugin gets to work with. */
export interface PluginHost {
  /** As the instance sees it, in its namespace. */
  readonly store: SessionStore;
  readonly namespace: string | undefined;
  readonly clock: Clock;
  readonly logger: SafeLogger;
  readonly functions: SessionFunctions;
  /** To be told of what a store of the plugin's own did not carry out: it becomes an event and a line in the log. */
  storeFailed(failure: StoreFailure): void;
}
