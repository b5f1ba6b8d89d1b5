import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const next15 = dirname(createRequire(import.meta.url).resolve("@acme/next15/package.json"));
const fixture = fileURLToPath(new URL("../fixture", import.meta.url));
const ours = fileURLToPath(new URL("../../node_modules/@acme", import.meta.url));

/** What of the fixture an application of Next 15 has; the rest of it is about Next 16, or the same code again. */
const SHARED = ["app", "lib", "instrumentation.ts", "pages/api/control.ts", "pages/api/pages"];

/**
 * The fixture as an application of the oldest Next 15: beside that one's packages, so that Next, React and TypeScript are
 * found there.
 *
 * @returns its directory, and its `next`
 */
export function makeNext15App(): { directory: string; bin: string } {
  const directory = join(next15, "dist/fixture");
  rmSync(directory, { recursive: true, force: true });
  for (const path of SHARED) cpSync(join(fixture, path), join(directory, path), { recursive: true });
  mkdirSync(join(directory, "node_modules/@acme"), { recursive: true });
  symlinkSync(join(ours, "session-conformance"), join(directory, "node_modules/@acme/session-conformance"));
  symlinkSync(
    fileURLToPath(new URL("../..", import.meta.url)),
    join(directory, "node_modules/@acme/session-next"),
  );
  const config = {
    serverExternalPackages: ["@acme/session-conformance"],
    typescript: { ignoreBuildErrors: true },
    skipTrailingSlashRedirect: true,
  };
  writeFileSync(join(directory, "next.config.mjs"), `export default ${JSON.stringify(config)};\n`);
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  return { directory, bin: createRequire(join(next15, "package.json")).resolve("next/dist/bin/next") };
}
