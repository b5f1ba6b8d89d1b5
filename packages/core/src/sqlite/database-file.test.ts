import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { isNetworkFileSystem, prepareDatabaseFile, readFileState } from "./database-file.js";

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "session-file-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const mode = (path: string): number => statSync(path).mode & 0o777;

it("makes directories and an empty file for the owner alone", () => {
  const root = directory();
  const path = prepareDatabaseFile(join(root, "a/b/sessions.db"));
  expect([mode(join(root, "a")), mode(join(root, "a/b")), mode(path)]).toEqual([0o700, 0o700, 0o600]);
  expect(readFileState(path)?.sizeBytes).toBe(0);
});

it("leaves an existing file as it is", () => {
  const path = join(directory(), "sessions.db");
  writeFileSync(path, "something");
  chmodSync(path, 0o640);
  prepareDatabaseFile(path);
  expect(readFileState(path)?.sizeBytes).toBe(9);
  expect(mode(path)).toBe(0o640);
});

it("tells one file from another, and none", () => {
  const path = join(directory(), "sessions.db");
  expect(readFileState(path)).toBeUndefined();
  prepareDatabaseFile(path);
  const before = readFileState(path)?.id;
  writeFileSync(path, "more");
  expect(readFileState(path)?.id).toBe(before);
  writeFileSync(`${path}.other`, "");
  expect(readFileState(`${path}.other`)?.id).not.toBe(before);
});

it.each(["", ":memory:"])("says what to write instead of %j [sec U-02]", (path) => {
  expect(() => prepareDatabaseFile(path)).toThrow("write `store: new MemoryStore()`");
});

it("knows the file systems on which SQLite's locks do not hold", () => {
  expect(isNetworkFileSystem(0x6969)).toBe(true);
  expect(isNetworkFileSystem(0xff534d42 | 0)).toBe(true);
  expect(isNetworkFileSystem(0xef53)).toBe(false);
  expect(isNetworkFileSystem(undefined)).toBe(false);
});
