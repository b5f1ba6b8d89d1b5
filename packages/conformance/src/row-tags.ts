/** `["wire ST-3", "sec ST-01", "sec S-07"]` as it stands in the name of a test: `[wire ST-3] [sec ST-01, S-07]`. */
export function tagsOf(rows: readonly string[]): string {
  const byDocument = new Map<string, string[]>();
  for (const row of rows) {
    const [document = "", id = ""] = row.split(" ");
    byDocument.set(document, [...(byDocument.get(document) ?? []), id]);
  }
  return [...byDocument].map(([document, ids]) => `[${document} ${ids.join(", ")}]`).join(" ");
}
