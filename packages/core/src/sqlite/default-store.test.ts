import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { silentLogger } from "../runtime/logger.js";
import { openDefaultStore } from "./default-store.js";

it("keeps sessions under the working directory, out of Git, and says so in one line", async () => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "session-default-")));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  vi.spyOn(process, "cwd").mockReturnValue(directory);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
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
