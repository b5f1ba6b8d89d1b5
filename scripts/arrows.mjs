// Compares the imports of the sources with the rules of .dependency-cruiser.mjs.
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { cruise } from "dependency-cruiser";
import config, { rooms } from "../.dependency-cruiser.mjs";
import { root } from "./lib/run.mjs";

const places = ["packages", "examples", "benchmarks", "tools"];
const isSource = (path) =>
  /(^|\/)src\/.*[.]ts$/.test(path) && !/(^|\/)(node_modules|dist)\/|[.](test|test-d|d)[.]ts$/.test(path);

/** @returns {Promise<{ modules: string[], missed: string[], violations: { rule: string, from: string, to: string }[] }>} */
export async function walk(directory) {
  const sources = globSync(`{${places}}/**/src/**/*.ts`, {
    cwd: directory,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  }).filter(isSource);
  const { output } = await cruise(
    sources,
    { ...config.options, baseDir: directory, validate: true, ruleSet: { forbidden: config.forbidden } },
    {
      conditionNames: ["import", "node", "default"],
      exportsFields: ["exports"],
      extensions: [".ts", ".js", ".mjs", ".cjs", ".d.ts", ".json"],
      // Before the build "#platform" leads nowhere; either file stands for the room.
      alias: { "#platform": join(directory, "packages/core/src/platform/web.ts") },
      // Files of one run change between runs, for instance in the test.
      useSyncFileSystemCalls: true,
    },
  );
  const modules = output.modules.map((module) => module.source).filter(isSource);
  const seen = new Set(modules);
  return {
    modules,
    missed: sources.filter((source) => !seen.has(source)),
    violations: output.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}

/** Rooms of core that no rule speaks of. */
export function unknownRooms(directory) {
  const core = join(directory, "packages/core/src");
  return existsSync(core)
    ? globSync("*/", { cwd: core })
        .map((room) => room.replace(/\/$/, ""))
        .filter((room) => !(room in rooms))
    : [];
}

if (process.argv[1] === import.meta.filename) {
  const { modules, missed, violations } = await walk(root);
  const comments = new Map(config.forbidden.map(({ name, comment }) => [name, comment]));
  for (const { rule, from, to } of violations)
    console.error(`${from} → ${to}\n  ${rule}: ${comments.get(rule)}`);
  for (const source of missed) console.error(`${source}: was not read; the rules say nothing about it`);
  const unknown = unknownRooms(root);
  for (const room of unknown)
    console.error(`packages/core/src/${room}: a room that .dependency-cruiser.mjs does not know`);
  console.log(`${modules.length} modules, ${violations.length} violations`);
  process.exit(violations.length + missed.length + unknown.length > 0 || modules.length === 0 ? 1 : 0);
}
