// The adapter suite on every Node version we support, not only on the one that Vitest runs on. The suite knows no runner:
// compiled, with node:test in Vitest's place, it runs anywhere.
import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../lib/run.mjs";
import { execute, nodes } from "../packed/project.mjs";

/** Files that need nothing of Vitest but these two. */
const runner = /^import \{ describe, it \} from "vitest";$/m;
const files = globSync("packages/adapters/*/test/conformance.test.ts", { cwd: root })
  .sort()
  .filter((file) => runner.test(readFileSync(join(root, file), "utf8")));

/** Packages whose dependencies are an older framework that an alias could not bring, by adapter. */
const older = { nest: "tools/nest11" };

/**
 * @param place folder of the package whose dependencies it is to find
 * @returns the compiled test; inside of node_modules it is ignored
 */
async function compile(file, place) {
  const home = join(root, dirname(dirname(file)));
  const outDir = join(root, place, "node_modules/.conformance");
  rmSync(outDir, { recursive: true, force: true });
  const config = join(home, "node_modules/.conformance.json");
  writeFileSync(
    config,
    JSON.stringify({
      extends: "../tsconfig.test.json",
      compilerOptions: {
        noEmit: false,
        rootDir: "..",
        outDir,
        declaration: false,
        declarationMap: false,
        sourceMap: false,
      },
      files: ["../test/conformance.test.ts"],
      include: [],
    }),
  );
  const tsc = await execute(join(root, "node_modules/.bin/tsc"), ["-p", config], { cwd: root });
  assert.deepEqual(tsc, { code: 0, output: "" });
  const compiled = join(outDir, "test/conformance.test.js");
  writeFileSync(compiled, readFileSync(compiled, "utf8").replace('from "vitest"', 'from "node:test"'));
  return compiled;
}

const suites = files.flatMap((file) => {
  const adapter = file.split("/")[2];
  const places = [dirname(dirname(file)), ...(adapter in older ? [older[adapter]] : [])];
  return places.map((place) => ({ file, place }));
});

for (const { file, place } of suites) {
  describe(place, () => {
    let compiled;
    for (const { name, path } of nodes) {
      it(`passes the suite on ${name}`, async () => {
        compiled ??= await compile(file, place);
        const ran = await execute(path, ["--test", compiled], { cwd: root });
        assert.equal(ran.code, 0, ran.output);
        assert.match(ran.output, /fail 0\n/);
        assert.doesNotMatch(ran.output, /tests 0\n/);
      });
    }
  });
}

it("no conformance test is left out", () => {
  assert.deepEqual(
    files.map((file) => dirname(dirname(file))),
    globSync("packages/adapters/*/test/conformance.test.ts", { cwd: root })
      .sort()
      .map((file) => dirname(dirname(file))),
  );
});
