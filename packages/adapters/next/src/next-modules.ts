/**
 * Next's own modules, asked for when they are needed: the pages router forbids some of them, and outside of Next, as in
 * a test of a route handler, they are not there.
 */
export const nextHeaders = (): Promise<typeof import("next/headers.js")> => import("next/headers.js");
export const nextServer = (): Promise<typeof import("next/server.js")> => import("next/server.js");

/**
 * Keeps a route handler out of prerendering: a response with somebody's tokens must never be made at build time (NX-07).
 * Outside of Next there is none.
 *
 * @returns whether Next gives the response to everybody all the same: under `dynamic = "force-static"` nothing holds it
 *          back, and, as its documentation says, no header of the request is shown. A real request has one at least.
 */
export async function untilRequest(): Promise<boolean> {
  const { connection } = await nextServer();
  await inRequest(connection);
  const { headers } = await nextHeaders();
  const shown = await inRequest(headers);
  return shown?.keys().next().done === true;
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
