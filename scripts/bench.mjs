// npm run bench [-- --json FILE --svg FILE --markdown FILE …]: installs, builds, runs the benchmarks. Arguments go to them unchanged, paths made absolute.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { callerDirectory, install, orExit, root, run, turbo } from "./lib/run.mjs";

const benchmarks = join(root, "benchmarks");
const { name, main } = JSON.parse(readFileSync(join(benchmarks, "package.json"), "utf8"));
const args = process.argv.slice(2);
for (const option of ["--json", "--markdown", "--svg"]) {
  const at = args.indexOf(option);
  if (at !== -1 && args[at + 1]) args[at + 1] = resolve(callerDirectory, args[at + 1]);
}

await orExit(install());
await orExit(turbo(["build", `--filter=${name}...`]));
process.exit(await run("node", [main, ...args], { cwd: benchmarks }));
