import { describe, expect, it } from "vitest";
import { isBusy, sqliteCode } from "./sqlite-error.js";

const error = (message: string, fields: object): Error => Object.assign(new Error(message), fields);

describe("sqliteCode", () => {
  it.each([
    ["node:sqlite", error("database is locked", { code: "ERR_SQLITE_ERROR", errcode: 5 }), "BUSY"],
    ["node:sqlite, extended", error("", { code: "ERR_SQLITE_ERROR", errcode: 5 | (2 << 8) }), "BUSY"],
    ["node:sqlite", error("", { code: "ERR_SQLITE_ERROR", errcode: 2067 }), "CONSTRAINT"],
    ["node:sqlite", error("no such table: x", { code: "ERR_SQLITE_ERROR", errcode: 1 }), "OTHER"],
    ["better-sqlite3", error("", { code: "SQLITE_BUSY_SNAPSHOT" }), "BUSY"],
    ["better-sqlite3", error("", { code: "SQLITE_IOERR_WRITE" }), "IOERR"],
    ["bun:sqlite", error("", { code: "SQLITE_NOTADB", errno: 26 }), "NOTADB"],
    ["Deno", error("database is locked", { code: "ERR_SQLITE_ERROR" }), "BUSY"],
    ["Deno", error("database disk image is malformed", { code: "ERR_SQLITE_ERROR" }), "CORRUPT"],
    ["Deno", error("no such table: x", { code: "ERR_SQLITE_ERROR" }), "OTHER"],
  ])("reads what %s says", (_, thrown, code) => {
    expect(sqliteCode(thrown)).toBe(code);
  });

  it("leaves every other error alone", () => {
    expect(sqliteCode(new Error("the file is locked"))).toBeUndefined();
    expect(sqliteCode(error("", { code: "ENOSPC" }))).toBeUndefined();
    expect(sqliteCode("SQLITE_BUSY")).toBeUndefined();
    expect(isBusy(new Error("database is locked"))).toBe(false);
  });
});
