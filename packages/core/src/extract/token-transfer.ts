/** How tokens travel: in HttpOnly cookies, or in headers that script reads. */
export type TokenTransferMethod = "cookie" | "header";

/** What a policy answers; `any` has no preference. */
export type TokenTransferPolicy = TokenTransferMethod | "any";

/**
 * How a new session's tokens will travel (wire-contract.md T-1…T-5). Without a preference on either side: in cookies, as
 * forms, redirects and plain `fetch` say nothing and could keep nothing else. A mode that is not known: in headers.
 *
 * @param policy     what the application wants
 * @param authMode   the request's `st-auth-mode` header
 */
export function transferForNewSession(
  policy: TokenTransferPolicy,
  authMode: string | undefined,
): TokenTransferMethod {
  if (policy !== "any") return policy;
  return authMode === undefined || authMode.toLowerCase() === "cookie" ? "cookie" : "header";
}

/** The policy when the application set none: on creation what the client asks for, later whatever it presents. */
export function defaultTransferPolicy(
  authMode: string | undefined,
  forCreateNewSession: boolean,
): TokenTransferPolicy {
  if (!forCreateNewSession) return "any";
  const mode = authMode?.toLowerCase();
  return mode === "header" || mode === "cookie" ? mode : "any";
}

/** Which of two presented tokens counts (wire-contract.md T-6…T-12); the header wins a tie. */
export function chooseTransfer(
  policy: TokenTransferPolicy,
  hasHeader: boolean,
  hasCookie: boolean,
): TokenTransferMethod | undefined {
  if (hasHeader && policy !== "cookie") return "header";
  if (hasCookie && policy !== "header") return "cookie";
  return undefined;
}
