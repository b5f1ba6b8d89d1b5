// Builds the applications whose frameworks need it, each into dist/NAME, one after the other: two cores are enough for one.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";

const home = join(import.meta.dirname, "..");
const builds = {
  sveltekit: ["vite", "build"],
  astro: ["astro", "build"],
  "react-router": ["react-router", "build"],
};
/** What the tools leave beside the sources; everything else of theirs is in dist. */
const leavings = ["node_modules", ".astro", ".react-router"];

for (const [name, [tool = "", ...args]] of Object.entries(builds)) {
  const cwd = join(import.meta.dirname, name);
  const { status, output, error } = spawnSync(join(home, "node_modules/.bin", tool), args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: "1", NODE_ENV: "production" },
  });
  for (const path of leavings) rmSync(join(cwd, path), { recursive: true, force: true });
  if (status === 0) continue;
  console.error(`${name}: ${error ?? output.join("\n")}`);
  process.exit(1);
}
