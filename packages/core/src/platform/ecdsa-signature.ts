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

/**
 * The other way round, for OpenSSL to verify.
 *
 * @returns undefined when the signature has not the length that it must have
 */
export function derSignatureOf(signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== 2 * INTEGER_BYTES) return undefined;
  // 30, a length, and twice 02, a length, a zero for the sign.
  const der = new Uint8Array(8 + 2 * INTEGER_BYTES);
  const startOfS = writeInteger(signature, 0, der, 2);
  const end = writeInteger(signature, INTEGER_BYTES, der, startOfS);
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}

/** Writes the integer that begins at `from` and ends where integers end. @returns where the next one goes */
function writeInteger(signature: Uint8Array, from: number, der: Uint8Array, at: number): number {
  const last = from + INTEGER_BYTES - 1;
  let first = from;
  while (first < last && signature[first] === 0) first += 1;
  const isNegative = (signature[first] as number) >= 0x80;
  const length = last - first + (isNegative ? 2 : 1);
  der[at] = 0x02;
  der[at + 1] = length;
  // Where a zero is needed there is one already.
  const start = at + 2 + (isNegative ? 1 : 0);
  for (let n = 0; first + n <= last; n += 1) der[start + n] = signature[first + n] as number;
  return at + 2 + length;
}
