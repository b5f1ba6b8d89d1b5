import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const here = import.meta.dirname;
const guide = readFileSync(join(here, "../../../../docs/claims.md"), "utf8");

/** The guide's TypeScript, by file name: the one in its first line, or a number. */
function blocks(): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, code = ""] of guide.matchAll(/^```ts\n(.*?)^```$/gms)) {
    const name = /^\/\/ ([a-z-]+\.ts)\n/.exec(code)?.[1] ?? `block-${found.size + 1}.ts`;
    found.set(name, code);
  }
  return found;
}

it("every code block of docs/claims.md is type-checked as a user's file", () => {
  const cache = join(here, "../node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, "claims-guide-"));
  try {
    const files = blocks();
    expect(files.size).toBeGreaterThanOrEqual(10);
    for (const [name, code] of files) writeFileSync(join(directory, name), code);
    const compilerOptions = {
      target: "es2022",
      module: "nodenext",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: true,
      noEmit: true,
      // A package does not find itself from within a directory that has a manifest of its own.
      paths: { "@acme/session-express": [join(here, "../dist/index.d.ts")] },
    };
    writeFileSync(join(directory, "package.json"), '{"type":"module"}');
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const manifest = createRequire(import.meta.url).resolve("typescript/package.json");
    const tsc = join(dirname(manifest), "bin/tsc");
    let report = "";
    try {
      execFileSync(process.execPath, [tsc, "-p", join(directory, "tsconfig.json")], { encoding: "utf8" });
    } catch (error) {
      report = (error as { stdout?: string }).stdout ?? String(error);
    }
    expect(report).toBe("");
  } finally {
    rmSync(directory, { recursive: true });
  }
}, 120_000);
