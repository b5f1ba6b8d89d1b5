/** A foreign text as it may stand in a message or an event: short, and without control characters. */
export function printable(text: string, maxLength = 40): string {
  return text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, "?");
}

/** `TimeoutError`, `SQLITE_BUSY`, `ECONNREFUSED` …: an error by a short identifier, never by its text. */
export function nameOfError(error: unknown): string {
  const { code, name } = membersOf(error);
  const text = typeof code === "string" ? code : typeof name === "string" ? name : "Error";
  return /^[A-Za-z0-9_]{1,40}$/.test(text) ? text : "Error";
}

/** What an error says of itself beside its text. Reading may throw: a getter is code too. */
function membersOf(error: unknown): { code?: unknown; name?: unknown } {
  if (typeof error !== "object" || error === null) return {};
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    return { code, name };
  } catch {
    return {};
  }
}
