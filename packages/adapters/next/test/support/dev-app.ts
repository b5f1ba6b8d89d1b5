import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { appIn, type NextApp } from "./next-server.js";

const repository = fileURLToPath(new URL("../../../../..", import.meta.url));

/** An application that is being worked on: a copy, since the test edits it. */
export function makeDevApp(): NextApp {
  const { bin, directory: original } = appIn("fixture-dev");
  const { directory } = appIn("dist/fixture-dev");
  rmSync(directory, { recursive: true, force: true });
  cpSync(original, directory, { recursive: true });
  // One folder deeper than the original.
  edit(join(directory, "tsconfig.json"), (text) => text.replaceAll('"../../', '"../../../'));
  const config = { turbopack: { root: repository }, typescript: { ignoreBuildErrors: true } };
  writeFileSync(join(directory, "next.config.mjs"), `export default ${JSON.stringify(config)};\n`);
  return { directory, bin };
}

/** Saves the file with the instance in it, as an editor does. */
export function editSession({ directory }: NextApp, generation: number): void {
  edit(join(directory, "lib/session.ts"), (text) =>
    text.replace(/generation = \d+/, `generation = ${generation}`),
  );
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
