import { expect, it } from "vitest";
import { loadDriver, whyNotBetterSqlite3 } from "./load-driver.js";

it("takes the SQLite of the runtime first", () => {
  expect(loadDriver().name).toBe("node:sqlite");
  expect(loadDriver("better-sqlite3").name).toBe("better-sqlite3");
});

it("says what to do when there is none [sec U-02]", () => {
  expect(() => loadDriver("bun:sqlite")).toThrow(
    /option `store`: this runtime \(Node \d+\.\d+\.\d+\) has no usable SQLite \(bun:sqlite: only on Bun\)\. Use Node 22\.13/,
  );
});

it("does not load a better-sqlite3 that would kill the process", () => {
  expect(whyNotBetterSqlite3("13.2.0", "9")).toMatch(
    /needs Node 22.14 .* run `npm install better-sqlite3@12`/,
  );
  expect(whyNotBetterSqlite3("12.11.1", "9")).toBeUndefined();
  expect(whyNotBetterSqlite3("13.2.0", "10")).toBeUndefined();
  expect(whyNotBetterSqlite3("13.2.0", undefined)).toBeUndefined();
});

it("keeps back the warning about node:sqlite and leaves process.emitWarning as it was", () => {
  const { emitWarning } = process;
  loadDriver("node:sqlite");
  expect(process.emitWarning).toBe(emitWarning);
});
