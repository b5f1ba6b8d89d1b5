// One project per workspace package, found by its package.json: a new package needs nothing here.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;
const homes = [
  "packages/*",
  "packages/adapters/*",
  "packages/stores/*",
  "examples/*",
  "benchmarks",
  "tools/*",
];

const projects = globSync(
  homes.map((home) => `${home}/package.json`),
  { cwd: root },
)
  .sort()
  .map((manifest) => {
    const directory = dirname(join(root, manifest));
    const { name } = JSON.parse(readFileSync(join(root, manifest), "utf8")) as { name: string };
    return {
      // As Nest and LoopBack want them; a file of its own is not looked for in a tsconfig.
      oxc: { decorator: { legacy: true } },
      // Core's tests run its sources, so they take the platform from the sources too. Everyone else resolves core as users do.
      resolve: {
        alias:
          name === "@acme/session-core"
            ? {
                "#platform": join(directory, "src/platform/node.ts"),
                "#default-store": join(directory, "src/sqlite/default-store.ts"),
              }
            : {},
      },
      test: {
        name: name.replace(/^@acme\/(session-)?/, ""),
        root: directory,
        include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      },
    };
  });

export default defineConfig({
  test: {
    projects,
    maxWorkers: 2,
    passWithNoTests: true,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["default", "./scripts/report/vitest.mjs"],
  },
});
