// npm start: installs, builds what the demo needs, runs examples/express. PORT is honoured.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { install, orExit, root, run, turbo } from "./lib/run.mjs";

const demo = join(root, "examples/express");
const { name, main } = JSON.parse(readFileSync(join(demo, "package.json"), "utf8"));

await orExit(install(["--filter", "acme-session", "--filter", `${name}...`]));
await orExit(turbo(["build", `--filter=${name}...`]));
process.exit(await run("node", [main, ...process.argv.slice(2)], { cwd: demo }));
