/**
 * What operators count. Sessions are named by the first 8 hex digits of the SHA-256 of their handle; no event holds a
 * token or a payload.
 */
export type SessionEvent =
  | {
      type: "session.created" | "session.refreshed" | "session.revoked";
      handleHash: string;
      userId?: string;
      generation?: number;
    }
  | { type: "theft"; handleHash: string; userId: string; generation: number }
  | { type: "grace_hit"; handleHash: string; userId: string; generation: number }
  /** Once per operation that failed. `code` is the driver's, or the error's name. */
  | { type: "store_unavailable"; operation: string; store: string; code: string }
  | { type: "store_regression"; handleHash: string; userId: string; generation: number }
  /** A row has lost a part, or cannot be read: `field` of it. The request was answered 503, and the row left as it is. */
  | { type: "store_damaged"; handleHash: string; field: string }
  | { type: "key_created"; kid: string }
  | { type: "csrf_rejected"; path: string }
  /** A token was minted by a host whose clock is ahead of this one's by more than a minute. Once a minute at most. */
  | { type: "clock_skew"; aheadMs: number }
  | {
      type: "claim_fetched";
      claimKey: string;
      durationMs: number;
      outcome: "value" | "nothing" | "error" | "timeout";
    }
  | { type: "claims_refused"; validatorIds: readonly string[] }
  | { type: "token_large"; handleHash: string; sizeBytes: number; largestClaims: string[] };

/** An event with the time it happened at, in milliseconds since the epoch, and a random name of the instance that saw it. */
export type SessionEventListener = (event: SessionEvent & { timeMs: number; instanceId: string }) => void;
