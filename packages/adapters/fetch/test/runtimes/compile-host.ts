import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import type { Runtime } from "./runtime.js";

/** Inside the package, whose dependencies it uses; not in node_modules, where Deno takes it for somebody else's. */
const directory = join(import.meta.dirname, "../../.reports/hosts");

const WORKERD_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .host), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const host :Workerd.Worker = (
  modules = [(name = "host", esModule = embed "workerd.mjs")],
  compatibilityDate = "2026-07-01",
  compatibilityFlags = ["nodejs_compat"],
);
`;

/**
 * The host as JavaScript: for Bun and Deno, which resolve our packages themselves as they do for users, and for workerd
 * as the one file that a bundler makes for it.
 *
 * @returns arguments that make the runtime serve it and print its port
 */
export async function compileHost(runtime: Runtime): Promise<string[]> {
  mkdirSync(directory, { recursive: true });
  const outfile = join(directory, `${runtime}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, `${runtime}.ts`)],
    outfile,
    bundle: true,
    format: "esm",
    logLevel: "error",
    ...(runtime === "workerd"
      ? { platform: "neutral", mainFields: ["module", "main"], conditions: ["workerd"], external: ["node:*"] }
      : { platform: "node", packages: "external" }),
  });
  if (runtime === "bun") return [outfile];
  if (runtime === "deno") return ["run", "--allow-all", "--quiet", outfile];
  const config = join(directory, "workerd.capnp");
  writeFileSync(config, WORKERD_CONFIG);
  return ["serve", config, "--control-fd=1"];
}
