/** When something was revoked. */
export interface Mark {
  /** Wall time of the revocation: tokens issued later are of other sessions. */
  readonly atMs: number;
  readonly atMonoMs: number;
  /** Tells this revocation from an earlier one of the same thing. */
  readonly sequence: number;
}

export interface UserMark extends Mark {
  /** Undefined: in all tenants. */
  readonly tenantId: string | undefined;
}

/** What the instances of a process on one set of data have revoked. Plain data: copies of this package share it. */
export interface RevocationMemory {
  /** Grows with every revocation. */
  sequence: number;
  /** Of the instance whose access tokens live longest. */
  validityMs: number;
  readonly handles: Map<string, Mark>;
  readonly users: Map<string, UserMark>;
  /** Tenant (undefined: everybody) → tokens issued until then are looked at. */
  readonly tenants: Map<string | undefined, Mark>;
  /** Signing keys that have gone from the store → their revocation's sequence. */
  readonly kids: Map<string, number>;
  /** Sessions that are over whatever their row says, until it is deleted. */
  readonly condemned: Set<string>;
  /** Ids of secrets that are never accepted again. */
  readonly secrets: Set<string>;
}

export function emptyMemory(): RevocationMemory {
  return {
    sequence: 0,
    validityMs: 0,
    handles: new Map(),
    users: new Map(),
    tenants: new Map(),
    kids: new Map(),
    condemned: new Set(),
    secrets: new Set(),
  };
}
