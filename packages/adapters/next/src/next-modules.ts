/**
 * Next's own modules, asked for when they are needed: the pages router forbids some of them, and outside of Next, as in
 * a test of a route handler, they are not there.
 */
export const nextHeaders = (): Promise<typeof import("next/headers.js")> => import("next/headers.js");
export const nextServer = (): Promise<typeof import("next/server.js")> => import("next/server.js");

/**
 * Keeps a route handler out of prerendering: a response with somebody's tokens must never be made at build time (NX-07).
 * Outside of Next there is none.
 */
export async function untilRequest(): Promise<void> {
  const { connection } = await nextServer();
  await inRequest(connection);
}

/** What Next says of this request; undefined outside of Next. */
export async function inRequest<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Error && error.message.includes("outside a request scope"))) throw error;
    return undefined;
  }
}
