import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, type } from "node:os";
import { join } from "node:path";

/** What the figures were taken on, as Markdown: without it they mean nothing. */
export function describeMachine(packages: readonly string[], rounds: number): string {
  const processor = cpus()[0]?.model ?? "unknown processor";
  const load = loadavg()[0]?.toFixed(1);
  const versions = [...new Set(packages)].sort().map((name) => `${name} ${versionOf(name)}`);
  return [
    `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}; ${type()} ${arch()}, ${processor},`,
    `${availableParallelism()} cores, load ${load} at the start; medians of ${rounds} interleaved rounds.\n`,
    `${versions.join(", ")}.`,
  ].join("\n");
}

/** Version of a package that is measured beside ours. */
export function versionOf(name: string): string {
  const manifest = join(import.meta.dirname, "../../node_modules", name, "package.json");
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
