// npm start [-- NAME]: installs, builds what the demo needs, runs examples/NAME, default express. PORT is honoured.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { install, orExit, root, run, turbo } from "./lib/run.mjs";

const [chosen = "express", ...rest] = process.argv.slice(2);
// The folder of the page serves nothing by itself.
const examples = readdirSync(join(root, "examples")).filter((name) => name !== "page");
if (!examples.includes(chosen)) {
  console.error(`There is no example ${chosen}; there are ${examples.join(", ")}.`);
  process.exit(1);
}
const demo = join(root, "examples", chosen);
const { name, main } = JSON.parse(readFileSync(join(demo, "package.json"), "utf8"));

await orExit(install(["--filter", "acme-session", "--filter", `${name}...`]));
await orExit(turbo(["build", `--filter=${name}...`]));
process.exit(await run("node", [main, ...rest], { cwd: demo }));
