import { accessSync, closeSync, constants, mkdirSync, openSync, statfsSync, statSync } from "node:fs";
import { dirname, join, parse, resolve } from "node:path";

/** Which file stands at a path now. Two of them are the same file when `id` is equal. */
export interface FileState {
  readonly id: string;
  readonly sizeBytes: number;
}

/** @returns undefined when there is none */
export function readFileState(path: string): FileState | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && { id: `${stat.dev}:${stat.ino}`, sizeBytes: stat.size };
}

/**
 * Sees to it that a file stands at `path` which only its owner may read and which we may write: missing directories
 * are made (0700), a missing file is made empty (0600; SQLite gives `-wal` and `-shm` the mode of the file).
 *
 * @returns the absolute path
 * @throws Error with a text for the developer
 */
export function prepareDatabaseFile(path: string): string {
  if (path === "" || path === ":memory:") {
    throw new Error(
      "SQLite needs a path of a file; to keep sessions in memory write `store: new MemoryStore()`",
    );
  }
  const absolute = resolve(path);
  const directory = dirname(absolute);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    closeSync(openSync(absolute, "a+", 0o600));
    // The directory too: SQLite keeps -wal and -shm beside the file.
    accessSync(directory, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new Error(
      `${absolute} cannot be written (${reasonOf(error)}); ` +
        "write `path:` with a file in a directory that this process may write",
    );
  }
  if (isNetworkFileSystem(fileSystemType(directory))) {
    throw new Error(
      `${absolute} is on a network share, where SQLite's locks do not hold; ` +
        "write `path:` with a file on a local disk, or use a store that is a server",
    );
  }
  return absolute;
}

/** The file of a namespace, beside the one without: `sessions@admins.db`. */
export function namespacedPath(path: string, namespace: string): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}@${namespace}${ext}`);
}

/** NFS, SMB, CIFS, SMB2: `statfs.f_type` of Linux. */
const NETWORK_TYPES: readonly number[] = [0x6969, 0x517b, 0xff534d42, 0xfe534d42];

export function isNetworkFileSystem(type: number | undefined): boolean {
  return type !== undefined && NETWORK_TYPES.includes(type >>> 0);
}

function fileSystemType(directory: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return statfsSync(directory).type;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
