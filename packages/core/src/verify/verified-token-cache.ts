import { utf8Bytes } from "../runtime/encoding.js";
import type { AccessTokenPayload } from "../tokens/access-token.js";

/** A token whose signature has been checked, with its frozen payload. */
export interface VerifiedToken {
  readonly token: string;
  readonly kid: string;
  readonly payload: AccessTokenPayload;
}

export interface VerifiedTokenCacheLimits {
  maxEntries: number;
  /** Bytes of token text; payloads take a small multiple of it. */
  maxBytes: number;
}

/** Long enough that two signatures never share it by chance: 24 characters are 144 bits. */
const KEY_LENGTH = 24;
const decoder = new TextDecoder();

/**
 * Remembers verified tokens (design.md decision 24). The end of the signature finds the entry, the whole token decides:
 * hashing 700 characters would cost more than everything else on a hit. Expiry is the caller's to check on each hit.
 *
 * Two generations stand in for an LRU list: when the young one is full it becomes the old one, and what the old one
 * still held is gone. A hit costs one look-up and no write.
 */
export class VerifiedTokenCache {
  #young = new Map<string, VerifiedToken>();
  #old = new Map<string, VerifiedToken>();
  #youngBytes = 0;
  readonly #maxEntries: number;
  readonly #maxBytes: number;

  constructor(limits: VerifiedTokenCacheLimits) {
    this.#maxEntries = Math.ceil(limits.maxEntries / 2);
    this.#maxBytes = Math.ceil(limits.maxBytes / 2);
  }

  get(token: string): VerifiedToken | undefined {
    const key = token.slice(-KEY_LENGTH);
    let entry = this.#young.get(key);
    if (entry === undefined) {
      entry = this.#old.get(key);
      if (entry?.token !== token) return undefined;
      this.#old.delete(key);
      this.#put(key, entry);
      return entry;
    }
    return entry.token === token ? entry : undefined;
  }

  add(token: string, kid: string, payload: AccessTokenPayload): VerifiedToken {
    // A copy: the text a client sent is a slice of its whole Cookie header and would keep that alive.
    const copy = decoder.decode(utf8Bytes(token));
    const entry: VerifiedToken = { token: copy, kid, payload };
    this.#put(copy.slice(-KEY_LENGTH), entry);
    return entry;
  }

  /** Forgets everything verified with a key. */
  dropKey(kid: string): void {
    for (const entries of [this.#young, this.#old]) {
      for (const [key, entry] of entries) if (entry.kid === kid) entries.delete(key);
    }
  }

  /** Forgets the tokens of some sessions. One pass over all entries. */
  dropSessions(concerns: (payload: AccessTokenPayload) => boolean): void {
    for (const entries of [this.#young, this.#old]) {
      for (const [key, entry] of entries) if (concerns(entry.payload)) entries.delete(key);
    }
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  #put(key: string, entry: VerifiedToken): void {
    if (this.#young.size >= this.#maxEntries || this.#youngBytes + entry.token.length > this.#maxBytes) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    if (entry.token.length > this.#maxBytes || this.#maxEntries === 0) return;
    this.#young.set(key, entry);
    this.#youngBytes += entry.token.length;
  }
}
