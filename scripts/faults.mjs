// npm run faults [-- --store postgres …]: installs, builds, breaks databases of its own and prints what users would see.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { install, orExit, root, run, turbo } from "./lib/run.mjs";

const faults = join(root, "tools/faults");
const { name, main } = JSON.parse(readFileSync(join(faults, "package.json"), "utf8"));

await orExit(install());
await orExit(turbo(["build", `--filter=${name}...`]));
process.exit(await run("node", [main, ...process.argv.slice(2)], { cwd: faults }));
