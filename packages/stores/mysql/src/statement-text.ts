/** What a statement takes. Texts come as bytes: see {@link withValues}. */
export type MysqlValue = number | null | Buffer;

/**
 * A statement with its values in it, the same for every setting of a connection. A driver writes texts between quotes,
 * which mean something else under `NO_BACKSLASH_ESCAPES` than without; a number and a hexadecimal literal have nothing in
 * them that a server could take for SQL (security.md ST-11).
 *
 * @param sql with a `?` for each value
 * @throws TypeError for a number that is none
 */
export function withValues(sql: string, values: readonly MysqlValue[]): string {
  const pieces = sql.split("?");
  if (pieces.length !== values.length + 1) throw new TypeError("a statement got too few or too many values");
  return pieces.reduce((text, piece, place) => `${text}${literal(values[place - 1] ?? null)}${piece}`);
}

function literal(value: MysqlValue): string {
  if (value === null) return "NULL";
  if (typeof value !== "number") return `X'${value.toString("hex")}'`;
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be stored`);
  return value < 0 ? `(${value})` : `${value}`;
}
