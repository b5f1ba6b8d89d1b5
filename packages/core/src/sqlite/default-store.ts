import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { invalidOption } from "../errors/throwers.js";
import type { SafeLogger } from "../runtime/logger.js";
import {
  eachOperation,
  type OperationsIn,
  type OperationsOf,
  ROLE_OPERATIONS,
  SESSION_OPERATIONS,
} from "../store/each-operation.js";
import type { RoleStore } from "../store/role-store.js";
import type { SessionStore } from "../store/session-store.js";
import { StoreError } from "../store/store-error.js";
import { namespacedPath, prepareDatabaseFile } from "./database-file.js";
import { loadDriver } from "./load-driver.js";
import type { SqliteStore } from "./sqlite-store.js";

/**
 * The store of an application that named none: `.sessions/sessions.db` under the working directory (with a namespace
 * `sessions@<namespace>.db`), kept out of Git.
 * Says in one line where it is.
 *
 * That there is an SQLite, and a file that can be written, is seen to at once. The store itself is loaded beside the
 * application's own start, so that who names another one does not load it at all; a file that is damaged is told then,
 * by a warning, and operations throw until it is mended.
 *
 * @throws SessionError `INVALID_OPTION` when the file cannot be written or the runtime has no SQLite
 */
export function openDefaultStore(logger: SafeLogger, namespace?: string): SessionStore {
  loadDriver();
  const directory = join(process.cwd(), ".sessions");
  const plain = join(directory, "sessions.db");
  const path = writableFile(namespace === undefined ? plain : namespacedPath(plain, namespace));
  const ignoreFile = join(directory, ".gitignore");
  if (!existsSync(ignoreFile)) writeFileSync(ignoreFile, "*\n");
  logger.info(`Sessions are kept in ${path} (option \`store\` to keep them elsewhere).`);

  let opening: Promise<SqliteStore> | undefined;
  let isClosed = false;
  const open = (): Promise<SqliteStore> => {
    if (isClosed) return Promise.reject(new StoreError("the SQLite store has been closed"));
    opening ??= import("./sqlite-store.js")
      .then(({ SqliteStore }) => new SqliteStore({ path }, true))
      .catch((error: unknown) => {
        opening = undefined;
        // As a plain error: the file is away for now, which is no reason to doubt a session.
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn(`Sessions cannot be kept: ${reason}`);
        throw new StoreError(reason, { isPermanent: true, cause: error });
      });
    return opening;
  };
  open().catch(() => {});
  return {
    name: "sqlite",
    place: `sqlite ${path}`,
    roles: onceOpen<RoleStore>(ROLE_OPERATIONS, async () => (await open()).roles),
    ...onceOpen<SessionStore>(SESSION_OPERATIONS, open),
    async close() {
      isClosed = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

/** The operations of a store that is on its way: each waits for it, then is the store's own. */
function onceOpen<Store extends object>(
  operations: OperationsOf<Store>,
  open: () => Promise<Store>,
): OperationsIn<Store> {
  return eachOperation(Object.keys(operations), async (name, given) => {
    const store = (await open()) as Record<string, (...given: unknown[]) => Promise<unknown>>;
    return store[name]?.(...given);
  });
}

function writableFile(path: string): string {
  try {
    return prepareDatabaseFile(path);
  } catch (error) {
    throw invalidOption("store", error instanceof Error ? error.message : String(error));
  }
}
