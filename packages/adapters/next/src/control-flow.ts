/**
 * The response that Next makes of an error that is none: `redirect()`, `notFound()`, `forbidden()` and `unauthorized()`
 * throw, and say in `digest` what they mean (`NEXT_REDIRECT;replace;/to;307;`, `NEXT_HTTP_ERROR_FALLBACK;404`). For a
 * route handler with headers to deliver: Next's own response would not take them.
 *
 * @returns undefined for every other error
 */
export function controlFlowResponse(error: unknown): Response | undefined {
  const digest: unknown = typeof error === "object" && error !== null && Reflect.get(error, "digest");
  if (typeof digest !== "string") return undefined;
  const [kind, ...parts] = digest.split(";");
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(parts[0]) });
  if (kind !== "NEXT_REDIRECT") return undefined;
  const location = parts.slice(1, -2).join(";");
  return new Response(null, { status: Number(parts.at(-2)), headers: { location } });
}
