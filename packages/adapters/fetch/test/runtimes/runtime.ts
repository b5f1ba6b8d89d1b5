import { createRequire } from "node:module";

/** A runtime beside Node.js, as the package `@acme/runtimes` brings it. */
export type Runtime = "bun" | "deno" | "workerd";

export const runtimes: readonly Runtime[] = ["bun", "deno", "workerd"];

/** Packages of the binaries, by the platforms that they are for. */
const BINARIES: Record<Runtime, Record<string, string>> = {
  bun: {
    "linux-x64": "@oven/bun-linux-x64/bin/bun",
    "linux-arm64": "@oven/bun-linux-aarch64/bin/bun",
    "darwin-x64": "@oven/bun-darwin-x64/bin/bun",
    "darwin-arm64": "@oven/bun-darwin-aarch64/bin/bun",
  },
  deno: {
    "linux-x64": "@deno/linux-x64-glibc/deno",
    "linux-arm64": "@deno/linux-arm64-glibc/deno",
    "darwin-x64": "@deno/darwin-x64/deno",
    "darwin-arm64": "@deno/darwin-arm64/deno",
  },
  workerd: {
    "linux-x64": "@cloudflare/workerd-linux-64/bin/workerd",
    "linux-arm64": "@cloudflare/workerd-linux-arm64/bin/workerd",
    "darwin-x64": "@cloudflare/workerd-darwin-64/bin/workerd",
    "darwin-arm64": "@cloudflare/workerd-darwin-arm64/bin/workerd",
  },
};

const runtimesPackage = createRequire(new URL("../../../../../tools/runtimes/package.json", import.meta.url));

/** Where the runtime's binary is; undefined when it was not installed, or when there is none for this platform. */
export function binaryOf(runtime: Runtime): string | undefined {
  const binary = BINARIES[runtime][`${process.platform}-${process.arch}`];
  if (binary === undefined) return undefined;
  try {
    return createRequire(runtimesPackage.resolve(`${runtime}/package.json`)).resolve(binary);
  } catch {
    return undefined;
  }
}
