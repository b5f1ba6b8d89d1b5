const SCHEME = "bearer ";

/**
 * The token of an `Authorization: Bearer` header (RFC 6750 §2.1), the scheme in any case. Another scheme, a list, or
 * an empty value count as none.
 */
export function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  // Searches for single characters, not a pattern: that one took as long as all the rest of a cached request.
  const token = authorization.slice(SCHEME.length).trim();
  const isOne = token !== "" && !token.includes(" ") && !token.includes("\t") && !token.includes(",");
  return isOne ? token : undefined;
}
