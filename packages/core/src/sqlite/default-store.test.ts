import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { silentLogger } from "../runtime/logger.js";
import { openDefaultStore } from "./default-store.js";

function inDirectory(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "session-default-")));
  vi.spyOn(process, "cwd").mockReturnValue(directory);
  onTestFinished(() => {
    vi.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });
  return directory;
}

it("keeps sessions under the working directory, out of Git, and says so in one line", async () => {
  const directory = inDirectory();
  const info = vi.fn<(message: string) => void>();
  const store = openDefaultStore({ ...silentLogger, info });
  const path = join(directory, ".sessions/sessions.db");
  expect(info.mock.calls).toEqual([
    [`Sessions are kept in ${path} (option \`store\` to keep them elsewhere).`],
  ]);
  expect(existsSync(path)).toBe(true);
  expect(readFileSync(join(directory, ".sessions/.gitignore"), "utf8")).toBe("*\n");
  await store.close();
});

it("keeps a namespace in a file of its own", async () => {
  const directory = inDirectory();
  const [plain, admins] = [openDefaultStore(silentLogger), openDefaultStore(silentLogger, "admins")];
  expect(existsSync(join(directory, ".sessions/sessions@admins.db"))).toBe(true);
  expect(await admins.listSecrets({ id: "a", secret: "b" })).toHaveLength(1);
  expect(await plain.listSecrets()).toEqual([]);
  expect([plain.place, admins.place]).toEqual([
    `sqlite ${join(directory, ".sessions/sessions.db")}`,
    `sqlite ${join(directory, ".sessions/sessions@admins.db")}`,
  ]);
  await Promise.all([plain.close(), admins.close()]);
});

it("is the SQLite store, and its roles, from the first operation on, and refuses after it is closed", async () => {
  inDirectory();
  const store = openDefaultStore(silentLogger);
  const [secret] = await store.listSecrets({ id: "a", secret: "b" });
  expect(secret).toEqual({ id: "a", secret: "b" });
  await store.roles?.grantPermissions("editor", ["posts:write"]);
  expect(await store.roles?.listPermissions("editor")).toEqual(["posts:write"]);
  expect(await store.scanSessions?.(undefined, 10)).toEqual({ rows: [], next: undefined });
  await store.close();
  await store.close();
  await expect(store.listSecrets()).rejects.toThrow(/closed/);
});

it("a directory that cannot be written is an error at once [sec U-02]", () => {
  const directory = inDirectory();
  writeFileSync(join(directory, ".sessions"), "a file where the directory should be");
  expect(() => openDefaultStore(silentLogger)).toThrow(
    expect.objectContaining({ type: "INVALID_OPTION", message: expect.stringMatching(/cannot be written/) }),
  );
});

it("a damaged file is told by a warning, operations throw, and go on once it is mended", async () => {
  const directory = inDirectory();
  const path = join(directory, ".sessions/sessions.db");
  mkdirSync(join(directory, ".sessions"));
  writeFileSync(path, "this is no database, and long enough to be taken for one ".repeat(40));
  const warn = vi.fn<(message: string) => void>();
  const store = openDefaultStore({ ...silentLogger, warn });
  // What the engine shows to the operator, and says in the log that it does not pass by itself.
  await expect(store.listSigningKeys()).rejects.toMatchObject({
    name: "StoreError",
    isPermanent: true,
    message: expect.stringContaining(path),
    cause: expect.any(Error),
  });
  expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^Sessions cannot be kept: /));
  rmSync(path);
  writeFileSync(path, "");
  expect(await store.listSigningKeys()).toEqual([]);
  await store.close();
});
