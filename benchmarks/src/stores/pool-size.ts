/** Connections of the store, and of the bare driver beside it. */
export const POOL_SIZE = 10;
