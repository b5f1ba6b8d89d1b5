import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../runtime/logger.js";
import type { SessionStore } from "../store/session-store.js";
import { sqliteStore } from "./sqlite-store.js";

/**
 * The store of an application that named none: `.sessions/sessions.db` under the working directory, kept out of Git.
 * Says in one line where it is.
 *
 * @throws SessionError `INVALID_OPTION` as `sqliteStore` does
 */
export function openDefaultStore(logger: Logger): SessionStore {
  const directory = join(process.cwd(), ".sessions");
  const store = sqliteStore({ path: join(directory, "sessions.db") });
  const ignoreFile = join(directory, ".gitignore");
  if (!existsSync(ignoreFile)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(ignoreFile, "*\n");
  }
  logger.info(`Sessions are kept in ${store.path} (option \`store\` to keep them elsewhere).`);
  return store;
}
