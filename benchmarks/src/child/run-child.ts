import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** Runs a script of this folder in a Node process of its own. @returns the JSON it printed */
export async function runChild(
  script: string,
  args: readonly string[],
  nodeArgs: readonly string[] = [],
): Promise<unknown> {
  const path = join(import.meta.dirname, script);
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArgs, path, ...args]);
  return JSON.parse(stdout);
}
