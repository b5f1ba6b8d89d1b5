/** Bytes of their own memory; spelled so that compilers before 5.7, which know no `Uint8Array<ArrayBuffer>`, read it too. */
export type Bytes = ReturnType<typeof Uint8Array.of>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NOT_ASCII = /[^ -~]/;
const STRICT = /^[A-Za-z0-9_-]+$/;

export function utf8Bytes(text: string): Bytes {
  return encoder.encode(text);
}

/** How many bytes `utf8Bytes` would give. */
export function utf8Length(text: string): number {
  return NOT_ASCII.test(text) ? utf8Bytes(text).length : text.length;
}

/** Standard base64 with padding (RFC 4648 §4). */
export function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(binary);
}

/** Base64url without padding (RFC 4648 §5, RFC 7515 §2). */
export function base64Url(bytes: Uint8Array): string {
  return base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/**
 * Whether the text is the one canonical spelling of some bytes: alphabet only, no padding, a possible length, and
 * unused trailing bits zero. Lenient decoders accept 16 spellings of one signature (RFC 4648 §3.5).
 */
export function isCanonicalBase64Url(text: string): boolean {
  if (!STRICT.test(text)) return false;
  const rest = text.length & 3;
  if (rest === 0) return true;
  if (rest === 1) return false;
  const last = ALPHABET.indexOf(text.charAt(text.length - 1));
  return rest === 2 ? (last & 15) === 0 : (last & 3) === 0;
}

/** The bytes of a canonical base64url text, or undefined. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (!isCanonicalBase64Url(text)) return undefined;
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The UTF-8 text behind a canonical base64url text; undefined when either layer is malformed. */
export function textFromBase64Url(text: string): string | undefined {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) return undefined;
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
  return text;
}

/** Compares without telling through its duration where two texts differ. Unequal length is a plain mismatch. */
export function constantTimeEqual(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
