/** Length of R and of S on P-256. */
const INTEGER_BYTES = 32;

/**
 * An ES256 signature as JWS wants it, R and S side by side with 32 bytes each (RFC 7518 §3.4), from the DER in which
 * OpenSSL makes it (RFC 3279 §2.2.3): `30 len 02 len R 02 len S`, where every length is one byte, a leading zero keeps
 * an integer positive, and zeros in front are left out.
 *
 * @param der of our own making; nothing in it is checked
 */
export function jwsSignatureOf(der: Uint8Array): Uint8Array {
  const signature = new Uint8Array(2 * INTEGER_BYTES);
  const endOfR = 4 + (der[3] as number);
  putInteger(der.subarray(4, endOfR), signature, INTEGER_BYTES);
  putInteger(der.subarray(endOfR + 2), signature, 2 * INTEGER_BYTES);
  return signature;
}

/** Right-aligned: the last byte goes in front of `end`. */
function putInteger(integer: Uint8Array, signature: Uint8Array, end: number): void {
  const digits = integer.length > INTEGER_BYTES ? integer.subarray(integer.length - INTEGER_BYTES) : integer;
  signature.set(digits, end - digits.length);
}
