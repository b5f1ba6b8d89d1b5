/** Next calls it when the server starts: the store is opened now, not with the first request. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === "nodejs") await import("./lib/session.ts");
}
