const BEARER = /^bearer +([^\s,]+)\s*$/i;

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 §2.1), the scheme in any case. Another scheme, a list, or
 * an empty value count as none.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}
