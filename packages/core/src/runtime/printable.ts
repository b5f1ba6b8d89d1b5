/** A foreign text as it may stand in a message or an event: short, and without control characters. */
export function printable(text: string, maxLength = 40): string {
  return text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, "?");
}
