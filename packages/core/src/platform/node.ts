import { Buffer, isUtf8 } from "node:buffer";
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hash,
  hkdfSync,
  type JsonWebKey,
  sign,
  verify,
} from "node:crypto";
import { clearInterval, setInterval } from "node:timers";
import { type Clock, systemClock } from "../runtime/clock.js";
import { ClockWatch } from "../runtime/clock-watch.js";
import type { JsonObject } from "../runtime/json.js";
import { derSignatureOf, jwsSignatureOf } from "./ecdsa-signature.js";
import { generateKeyPair } from "./key-pair.js";
import type { Algorithm, MacKey, Platform, ProcessWatch, SignKey, VerifyKey } from "./platform.js";

/** Digest of the signature scheme; Ed25519 hashes inside. */
const DIGEST = { ES256: "sha256", RS256: "sha256", EdDSA: null } as const;
const HEARTBEAT_MS = 200;
const STALL_MS = 1000;
const WATCH: unique symbol = Symbol.for("acme.session.process-watch");

/** Node's own module: synchronous, and half the price of WebCrypto per verification. */
export const platform: Platform = {
  importVerifyKey(jwk: JsonObject, algorithm: Algorithm): VerifyKey {
    const digest = DIGEST[algorithm];
    const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
    // UTF-8, not Latin-1: no other text than the one that was signed may come out as the same bytes.
    const isSignature = (signingInput: string, signature: Uint8Array): boolean =>
      verify(digest, Buffer.from(signingInput, "utf8"), key, signature);
    // The key alone, as for signing: with `dsaEncoding: "ieee-p1363"` beside it a check takes half as long again.
    return algorithm === "ES256"
      ? {
          verify(signingInput, signature) {
            const der = derSignatureOf(Buffer.from(signature, "base64url"));
            return der !== undefined && isSignature(signingInput, der);
          },
        }
      : {
          verify: (signingInput, signature) => isSignature(signingInput, Buffer.from(signature, "base64url")),
        };
  },

  importSignKey(jwk: JsonObject, algorithm: Algorithm): SignKey {
    const digest = DIGEST[algorithm];
    const key = createPrivateKey({ key: jwk as JsonWebKey, format: "jwk" });
    // The key alone, no options beside it: Node 24 takes twice as long for `dsaEncoding: "ieee-p1363"`.
    const signatureOf = (signingInput: string): Buffer =>
      sign(digest, Buffer.from(signingInput, "utf8"), key);
    return algorithm === "ES256"
      ? {
          sign: (signingInput) =>
            Buffer.from(jwsSignatureOf(signatureOf(signingInput))).toString("base64url"),
        }
      : { sign: (signingInput) => signatureOf(signingInput).toString("base64url") };
  },

  generateKeyPair,
  sha256Hex: (text) => hash("sha256", text, "hex"),
  importMacKey(secret): MacKey {
    const key = createSecretKey(secret);
    return { mac: (text) => createHmac("sha256", key).update(text).digest("base64url") };
  },
  hkdf: (secret, info) => new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(), info, 32)),
  decodeSegment(segment) {
    const bytes = Buffer.from(segment, "base64url");
    // Node decodes leniently: what does not come back as it was sent is not the canonical spelling.
    const isCanonical = bytes.toString("base64url") === segment;
    return isCanonical && isUtf8(bytes) ? bytes.toString("utf8") : undefined;
  },
  encodeSegment: (text) => Buffer.from(text, "utf8").toString("base64url"),
  encodeBase64: (text) => Buffer.from(text, "utf8").toString("base64"),

  watchProcess(): ProcessWatch | undefined {
    // There a process is frozen between two requests, never with one inside.
    if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) return undefined;
    // Copies of this module that a bundler or a hot reload has made share it, too.
    const slots = globalThis as { [WATCH]?: { watch: ProcessWatch; users: number } };
    const slot = slots[WATCH] ?? { watch: startWatch(systemClock), users: 0 };
    slots[WATCH] = slot;
    slot.users += 1;
    let isStopped = false;
    return {
      lastStallEndMonoMs: () => slot.watch.lastStallEndMonoMs(),
      clocks: slot.watch.clocks,
      stop() {
        if (isStopped) return;
        isStopped = true;
        slot.users -= 1;
        if (slot.users > 0) return;
        slot.watch.stop();
        delete slots[WATCH];
      },
    };
  },
};

/** A watch of one's own. */
export function startWatch(clock: Clock): ProcessWatch {
  const clocks = new ClockWatch(clock);
  let lastBeat = clock.monoMs();
  let stallEnd = Number.NEGATIVE_INFINITY;
  const beat = (): void => {
    const { monoMs } = clocks.read();
    if (monoMs - lastBeat > STALL_MS + HEARTBEAT_MS) stallEnd = monoMs;
    lastBeat = monoMs;
  };
  const timer = setInterval(beat, HEARTBEAT_MS);
  timer.unref();
  return {
    lastStallEndMonoMs() {
      beat();
      return stallEnd;
    },
    clocks,
    stop: () => clearInterval(timer),
  };
}
