import type { ClockWatch } from "../runtime/clock-watch.js";
import type { Bytes } from "../runtime/encoding.js";
import type { JsonObject } from "../runtime/json.js";

/** Algorithms this library signs with and accepts (RFC 7518 §3.1, RFC 8037 §3.1). Nothing else passes. */
export type Algorithm = "ES256" | "RS256" | "EdDSA";

/** A synchronous result where the platform has one, else a promise. Await it, or look before. */
export type Maybe<T> = T | Promise<T>;

/** Public half of a signing key, bound to one algorithm. */
export interface VerifyKey {
  /**
   * @param signingInput `header.payload` of a compact JWS, ASCII
   * @param signature    third segment, already checked to be canonical base64url
   */
  verify(signingInput: string, signature: string): Maybe<boolean>;
}

/** Private half. */
export interface SignKey {
  /** @returns the signature, base64url */
  sign(signingInput: string): Maybe<string>;
}

/** A secret for HMAC-SHA-256 (RFC 2104), imported once: making a key of bytes costs more than the HMAC itself. */
export interface MacKey {
  /** @param text ASCII @returns the HMAC, base64url */
  mac(text: string): Maybe<string>;
}

/** The cryptography of the machine underneath. Two implementations, chosen by an import condition. */
export interface Platform {
  importVerifyKey(jwk: JsonObject, algorithm: Algorithm): Maybe<VerifyKey>;
  importSignKey(jwk: JsonObject, algorithm: Algorithm): Maybe<SignKey>;
  /** A new key pair as JWKs (RFC 7517): EC P-256, RSA 2048, or Ed25519. */
  generateKeyPair(algorithm: Algorithm): Promise<{ publicJwk: JsonObject; privateJwk: JsonObject }>;
  /** Lower-case hex of the SHA-256 of an ASCII text. */
  sha256Hex(text: string): Maybe<string>;
  importMacKey(secret: Bytes): Maybe<MacKey>;
  /** HKDF-SHA-256 (RFC 5869) without salt, 32 bytes. */
  hkdf(secret: Bytes, info: string): Maybe<Bytes>;
  /**
   * The text behind a base64url segment of a token whose signature has been checked; undefined when it
   * is not the canonical spelling of some bytes, or they are not UTF-8.
   */
  decodeSegment(segment: string): string | undefined;
  /** Base64url of the UTF-8 bytes of a text. */
  encodeSegment(text: string): string;
  /** Standard base64 with padding of the UTF-8 bytes of a text. */
  encodeBase64(text: string): string;
  /**
   * Watches over the process: whether it stood still (SIGSTOP, a long collection, a sleeping laptop), and whether its
   * wall clock was set. One watch for all instances of a process, whose timer keeps nothing alive. Undefined where
   * there are no such moments, and absent where there are no timers outside requests.
   */
  watchProcess?(): ProcessWatch | undefined;
}

export interface ProcessWatch {
  /** Monotonic time at which the latest stall of more than a second ended; -Infinity when there was none. */
  lastStallEndMonoMs(): number;
  readonly clocks: ClockWatch;
  /** For one instance; the last one stops the watch. */
  stop(): void;
}
