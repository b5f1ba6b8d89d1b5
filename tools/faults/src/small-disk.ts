import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let reason: string | null | undefined;

/** Why no small disk can be mounted here; undefined when one can. */
export function reasonAgainstMounting(): string | undefined {
  if (reason === undefined) {
    const directory = mkdtempSync(join(tmpdir(), "session-mount-"));
    try {
      mountSmall(directory, 100_000)();
      reason = null;
    } catch (error) {
      reason = `a small disk cannot be mounted here: ${error instanceof Error ? error.message.trim() : String(error)}`;
    }
    rmdirSync(directory);
  }
  return reason ?? undefined;
}

/** A disk of so many bytes at this directory. @returns what takes it away */
export function mountSmall(directory: string, bytes: number): () => void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=0777`, "session-faults", directory], {
    stdio: "pipe",
  });
  const unmount = (): void => {
    process.off("exit", unmount);
    // Lazily: whoever still has a file open there keeps it until it lets go.
    execFileSync("umount", ["-l", directory], { stdio: "pipe" });
  };
  process.once("exit", unmount);
  return unmount;
}
