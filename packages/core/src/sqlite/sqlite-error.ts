/** The primary result codes we act upon (sqlite.org/rescode.html). */
const CODES = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  CONSTRAINT: 19,
  NOTADB: 26,
} as const;

export type SqliteCode = keyof typeof CODES | "OTHER";

/** For drivers that give only the text (Deno). Texts of sqlite3_errstr. */
const MESSAGES: readonly (readonly [RegExp, SqliteCode])[] = [
  [/database (table )?is locked|is locked/, "BUSY"],
  [/readonly database/, "READONLY"],
  [/disk I\/O error/, "IOERR"],
  [/malformed/, "CORRUPT"],
  [/disk is full/, "FULL"],
  [/unable to open/, "CANTOPEN"],
  [/locking protocol/, "PROTOCOL"],
  [/constraint failed/, "CONSTRAINT"],
  [/not a database/, "NOTADB"],
];

/**
 * What SQLite said, whichever driver carried it: `node:sqlite` has a numeric `errcode` (possibly extended), the others
 * a `code` such as `SQLITE_BUSY_SNAPSHOT`.
 *
 * @returns undefined when the error is not SQLite's
 */
export function sqliteCode(error: unknown): SqliteCode | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const names = Object.keys(CODES) as (keyof typeof CODES)[];
  if (typeof errcode === "number") return names.find((name) => CODES[name] === (errcode & 0xff)) ?? "OTHER";
  if (typeof code !== "string" || !/^(SQLITE_|ERR_SQLITE_ERROR)/.test(code)) return undefined;
  return (
    names.find((name) => code.startsWith(`SQLITE_${name}`)) ??
    MESSAGES.find(([pattern]) => pattern.test(error.message))?.[1] ??
    "OTHER"
  );
}

/** Another process has the lock: the same statement may succeed in a moment. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === "BUSY" || code === "LOCKED" || code === "PROTOCOL";
}
