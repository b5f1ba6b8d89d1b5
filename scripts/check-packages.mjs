// publint and attw on every published package, on what npm would receive.
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pnpm, root, run } from "./lib/run.mjs";

const packages = globSync("packages/{*,*/*}/package.json", {
  cwd: root,
  exclude: (path) => path.includes("node_modules"),
})
  .map((manifest) => join(root, dirname(manifest)))
  .filter((directory) => !JSON.parse(readFileSync(join(directory, "package.json"), "utf8")).private)
  .sort();

const work = mkdtempSync(join(tmpdir(), "packages-"));
let failed = 0;
try {
  for (const directory of packages) {
    const target = mkdtempSync(join(work, "pack-"));
    const packed = await pnpm(["pack", "--pack-destination", target], { cwd: directory, quiet: true });
    const tarball = packed === 0 ? join(target, readdirSync(target)[0]) : undefined;
    // Quiet while all is well, the whole report otherwise.
    const passes = async (...command) =>
      (await run(...command, { quiet: true })) === 0 || (await run(...command)) === 0;
    const ok =
      tarball !== undefined &&
      (await passes("publint", ["run", "--strict", tarball])) &&
      // A CommonJS resolver finds ESM here, and every Node version we support can require() that.
      (await passes("attw", ["--profile", "esm-only", "--format", "ascii", tarball]));
    if (!ok) failed += 1;
    console.log(`${ok ? "ok" : "FAILED"}  ${directory.slice(root.length + 1)}`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`${packages.length} packages checked`);
process.exit(failed > 0 || packages.length === 0 ? 1 : 0);
