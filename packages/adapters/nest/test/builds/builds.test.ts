import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { transform as swc } from "@swc/core";
import { transform as esbuild } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const source = join(import.meta.dirname, "application.ts");
const text = readFileSync(source, "utf8");
// Inside of the package, which then finds itself by name, as it is built; git and our checks do not look here.
const parent = join(import.meta.dirname, "../../.turbo");
mkdirSync(parent, { recursive: true });
const directory = mkdtempSync(join(parent, "builds-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** How an application is compiled: with and without the types of its constructors. */
const compilers: Record<string, (target: string) => Promise<void>> = {
  async "esbuild, as tsx does"(target) {
    const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } };
    const { code } = await esbuild(text, { loader: "ts", format: "esm", target: "es2022", tsconfigRaw });
    writeFileSync(join(target, "application.js"), code);
  },
  async "SWC, as Nest's command line does"(target) {
    const { code } = await swc(text, {
      swcrc: false,
      module: { type: "es6" },
      jsc: {
        target: "es2022",
        parser: { syntax: "typescript", decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    });
    writeFileSync(join(target, "application.js"), code);
  },
  async "tsc, as a new Nest project does"(target) {
    const tsc = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc");
    const flags = "--module nodenext --target es2023 --strict --skipLibCheck --types node --ignoreConfig";
    const decorators = "--experimentalDecorators --emitDecoratorMetadata";
    await run(process.execPath, [
      tsc,
      source,
      ...flags.split(" "),
      ...decorators.split(" "),
      "--rootDir",
      import.meta.dirname,
      "--outDir",
      target,
    ]);
  },
};

describe("NE-12: an application compiled with", () => {
  it.each(Object.entries(compilers))("%s", async (_name, compile) => {
    const target = mkdtempSync(join(directory, "app-"));
    await compile(target);
    const { stdout } = await run(process.execPath, [join(target, "application.js")]);
    expect(JSON.parse(stdout)).toEqual([
      [200, { userId: "user-1", isSame: true }],
      [401, { message: "unauthorised" }],
      [200, {}],
    ]);
  });
});
