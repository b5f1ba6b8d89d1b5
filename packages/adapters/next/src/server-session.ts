import { type ClaimValidationError, SessionError } from "@acme/session-core";

/**
 * What a server component finds. It cannot set cookies or a status, so nothing is thrown: an expired token wants a
 * redirect to a page that refreshes, not an error page.
 */
export type ServerSession<S> =
  | { readonly status: "authenticated"; readonly session: S }
  | { readonly status: "none"; readonly session?: undefined }
  /** The client should refresh. */
  | { readonly status: "expired"; readonly session?: undefined }
  | {
      readonly status: "invalid-claims";
      readonly session?: undefined;
      readonly claimValidationErrors: readonly ClaimValidationError[];
    };

/** @throws what has nothing to do with the visitor: `STORE_UNAVAILABLE`, errors of the application, Next's own signals */
export async function serverSession<S>(find: () => Promise<S | undefined>): Promise<ServerSession<S>> {
  try {
    const session = await find();
    return session === undefined ? { status: "none" } : { status: "authenticated", session };
  } catch (error) {
    if (!SessionError.is(error)) throw error;
    if (error.type === "UNAUTHORISED") return { status: "none" };
    if (error.type === "TRY_REFRESH_TOKEN") return { status: "expired" };
    if (error.type !== "INVALID_CLAIMS") throw error;
    return { status: "invalid-claims", claimValidationErrors: error.payload };
  }
}
