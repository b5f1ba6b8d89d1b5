// pnpm at the pinned version, with Node 24 first on PATH: node scripts/pnpm.mjs <arguments of pnpm>
import { pnpm } from "./lib/run.mjs";

process.exit(await pnpm(process.argv.slice(2)));
